package io.inpod.examples.nodeagent;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** Installs rules. */
@Command(name = "apply", description = "Applies the rules, whole or not at all; what an older version left is replaced.", mixinStandardHelpOptions = true)
final class RulesApply implements Callable<Integer> {
    @Mixin
    private RulesPlace place = new RulesPlace();

    @Override
    public Integer call() throws IOException {
        try (NetworkNamespace namespace = place.open()) {
            if (place.isDryRun()) {
                List<String> differences = place.differences(namespace);
                differences.forEach(difference -> place.out().println("would be put right: " + difference));
                place.out().println(differences.isEmpty() ? "nothing to do in " + namespace : "nothing was changed in " + namespace);
            } else {
                if (place.isHost()) {
                    place.hostChange(namespace).install(namespace, place.preset().pods());
                } else {
                    place.podChange().install(namespace);
                }
                place.out().println("rules applied in " + namespace);
            }
            return ExitCode.OK;
        }
    }
}

package io.inpod.examples.nodeagent;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** Removes rules. */
@Command(name = "remove", description = "Removes the rules, whoever left them and with whatever options; other rules stay.", mixinStandardHelpOptions = true)
final class RulesRemove implements Callable<Integer> {
    @Mixin
    private RulesPlace place = new RulesPlace();

    @Override
    public Integer call() throws IOException {
        try (NetworkNamespace namespace = place.open()) {
            if (place.isDryRun()) {
                List<String> there = place.held(namespace);
                there.forEach(line -> place.out().println("would be removed: " + line));
                place.out().println(there.isEmpty() ? "nothing to do in " + namespace : "nothing was changed in " + namespace);
            } else {
                if (place.isHost()) {
                    place.hostChange(namespace).remove(namespace);
                } else {
                    place.podChange().remove(namespace);
                }
                place.out().println("rules removed from " + namespace);
            }
            return ExitCode.OK;
        }
    }
}

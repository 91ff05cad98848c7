package io.inpod.examples.nodeagent;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** Compares rules and lists the differences. */
@Command(name = "diff", description = "Says in words how the rules that are there differ from those that should be; exit code 1 if they do.", mixinStandardHelpOptions = true)
final class RulesDiff implements Callable<Integer> {
    @Mixin
    private RulesPlace place = new RulesPlace();

    @Override
    public Integer call() throws IOException {
        try (NetworkNamespace namespace = place.open()) {
            List<String> differences = place.differences(namespace);
            differences.forEach(place.out()::println);
            return differences.isEmpty() ? ExitCode.OK : RulesMain.DIFFERENT;
        }
    }
}

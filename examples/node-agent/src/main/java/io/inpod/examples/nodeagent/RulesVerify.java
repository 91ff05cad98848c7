package io.inpod.examples.nodeagent;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** Compares rules and says how many differences there are. */
@Command(name = "verify", description = "Checks that the rules are there, complete, in order and unchanged; exit code 1 if not.", mixinStandardHelpOptions = true)
final class RulesVerify implements Callable<Integer> {
    @Mixin
    private RulesPlace place = new RulesPlace();

    @Override
    public Integer call() throws IOException {
        try (NetworkNamespace namespace = place.open()) {
            List<String> differences = place.differences(namespace);
            if (differences.isEmpty()) {
                place.out().println("the rules in " + namespace + " are as they should be");
                return ExitCode.OK;
            }
            place.err().println("the rules in " + namespace + " differ in " + differences.size() + " places, the first: " + differences.get(0));
            return RulesMain.DIFFERENT;
        }
    }
}

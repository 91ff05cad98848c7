package io.inpod.examples.rules;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/** Compares rules and reports how many differences there are. */
@Command(name = "verify", description = "Checks that the rules are present, complete, in order and unchanged, that their policy routing is "
        + "there, and that no setting or link of the pod breaks what they promise; exit code 1 if not.",
        mixinStandardHelpOptions = true)
final class RulesVerify extends RulesCommand {
    @Override
    int run(RulesPlace place, NetworkNamespace namespace) throws IOException {
        List<String> differences = place.differences(namespace);
        List<String> surroundings = place.surroundings(namespace);
        surroundings.forEach(place.err()::println);
        if (differences.isEmpty() && !surroundings.isEmpty()) {
            return RulesMain.DIFFERENT;
        }
        if (differences.isEmpty()) {
            place.out().println("the rules in " + namespace + " are as expected");
            return ExitCode.OK;
        }
        place.err().println("the rules in " + namespace + " differ in "
                + (differences.size() == 1 ? "1 place: " : differences.size() + " places; the first: ") + differences.get(0));
        return RulesMain.DIFFERENT;
    }
}

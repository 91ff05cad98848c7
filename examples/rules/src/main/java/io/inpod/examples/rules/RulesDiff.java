package io.inpod.examples.rules;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/** Lists the differences between the rules in a namespace and the expected rules. */
@Command(name = "diff",
        description = "Lists in words how rules, policy routing, settings and links in the namespace differ from the expected "
                + "ones; exit code 1 if they do.",
        mixinStandardHelpOptions = true)
final class RulesDiff extends RulesCommand {
    @Override
    int run(RulesPlace place, NetworkNamespace namespace) throws IOException {
        List<String> differences = new ArrayList<>(place.surroundings(namespace));
        differences.addAll(place.differences(namespace));
        differences.forEach(place.out()::println);
        return differences.isEmpty() ? ExitCode.OK : RulesMain.DIFFERENT;
    }
}

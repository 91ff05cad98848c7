package io.inpod.examples.rules;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/** Compares rules and lists the differences. */
@Command(name = "diff", description = "Says in words how the rules that are there differ from those that should be; exit code 1 if they do.", mixinStandardHelpOptions = true)
final class RulesDiff extends RulesCommand {
    @Override
    int run(RulesPlace place, NetworkNamespace namespace) throws IOException {
        List<String> differences = place.differences(namespace);
        differences.forEach(place.out()::println);
        return differences.isEmpty() ? ExitCode.OK : RulesMain.DIFFERENT;
    }
}

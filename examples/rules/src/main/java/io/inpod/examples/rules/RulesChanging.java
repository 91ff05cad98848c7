package io.inpod.examples.rules;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.ExitCode;

/** A command that changes rules, or with {@code --dry-run} only prints what it would change. */
abstract class RulesChanging extends RulesCommand {
    @Override
    final int run(RulesPlace place, NetworkNamespace namespace) throws IOException {
        if (!place.isHost()) {
            place.refuseNodes(namespace);
        }
        if (place.isDryRun()) {
            List<String> planned = planned(place, namespace);
            planned.forEach(place.out()::println);
            place.out().println(planned.isEmpty() ? "nothing to do in " + namespace : "nothing was changed in " + namespace);
            return ExitCode.OK;
        }
        place.out().println(change(place, namespace) + " " + namespace);
        List<String> left = left(place, namespace);
        left.forEach(place.err()::println);
        return left.isEmpty() ? ExitCode.OK : RulesMain.DIFFERENT;
    }

    /** Returns in words what still breaks what the rules promise. */
    List<String> left(RulesPlace place, NetworkNamespace namespace) throws IOException {
        return List.of();
    }

    /** Returns a line for each change that would be made. */
    abstract List<String> planned(RulesPlace place, NetworkNamespace namespace) throws IOException;

    /** Makes the change, and returns what it has done, up to the namespace's name. */
    abstract String change(RulesPlace place, NetworkNamespace namespace) throws IOException;
}

package io.inpod.examples.rules;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;

/** Removes rules. */
@Command(name = "remove", description = "Removes the rules, whichever version and options they were applied with, and a "
        + "pod's policy routing; other rules stay.",
        mixinStandardHelpOptions = true)
final class RulesRemove extends RulesChanging {
    @Override
    List<String> planned(RulesPlace place, NetworkNamespace namespace) throws IOException {
        return place.held(namespace).stream().map(line -> "would be removed: " + line).toList();
    }

    @Override
    String change(RulesPlace place, NetworkNamespace namespace) throws IOException {
        if (place.isHost()) {
            place.hostChange(namespace).remove(namespace);
        } else {
            place.removeFromPod(namespace);
        }
        return "rules removed from";
    }
}

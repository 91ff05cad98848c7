package io.inpod.examples.rules;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;

/** Applies rules. */
@Command(name = "apply", description = "Applies the rules, all or none; replaces the rules of older versions.",
        mixinStandardHelpOptions = true)
final class RulesApply extends RulesChanging {
    @Override
    List<String> planned(RulesPlace place, NetworkNamespace namespace) throws IOException {
        return place.differences(namespace).stream().map(difference -> "would be corrected: " + difference).toList();
    }

    @Override
    String change(RulesPlace place, NetworkNamespace namespace) throws IOException {
        if (place.isHost()) {
            place.hostChange(namespace).install(namespace, place.preset().pods());
        } else {
            place.podChange().install(namespace);
        }
        return "rules applied in";
    }
}

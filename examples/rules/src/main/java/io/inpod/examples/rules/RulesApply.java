package io.inpod.examples.rules;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;

/** Applies rules. */
@Command(name = "apply", description = "Applies the rules, all or none; replaces the rules of older versions. A pod "
        + "also gets the policy routing and the settings (sysctl) that its rules need; exit code 1 if something else still "
        + "breaks what they promise.",
        mixinStandardHelpOptions = true)
final class RulesApply extends RulesChanging {
    @Override
    List<String> planned(RulesPlace place, NetworkNamespace namespace) throws IOException {
        List<String> wrong = new ArrayList<>(place.surroundings(namespace));
        wrong.addAll(place.differences(namespace));
        return wrong.stream().map(difference -> "would be corrected: " + difference).toList();
    }

    @Override
    String change(RulesPlace place, NetworkNamespace namespace) throws IOException {
        if (place.isHost()) {
            place.hostChange(namespace).install(namespace, place.preset().pods());
        } else {
            place.applyToPod(namespace);
        }
        return "rules applied in";
    }

    @Override
    List<String> left(RulesPlace place, NetworkNamespace namespace) throws IOException {
        return place.surroundings(namespace);
    }
}

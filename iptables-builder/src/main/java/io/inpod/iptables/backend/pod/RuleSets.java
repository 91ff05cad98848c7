package io.inpod.iptables.backend.pod;

import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.Layout;
import io.inpod.iptables.pod.PodRules;
import java.util.ArrayList;
import java.util.List;

/** The rule sets that were used last: most pods of a node have the same rules, and to make a rule set takes longer than to read it. */
final class RuleSets {
    private static final int MOST = 8;

    private static volatile List<Made> last = List.of();

    private record Made(PodRules rules, Layout layout, RuleSet made) {}

    private RuleSets() {}

    /** Returns the rules of both families in a layout. */
    static RuleSet of(PodRules rules, Layout layout) {
        List<Made> known = last;
        for (Made each : known) {
            if (each.layout == layout && each.rules.equals(rules)) {
                return each.made;
            }
        }
        Made made = new Made(rules, layout, layout == Layout.INET ? rules.inet() : rules.shared());
        List<Made> kept = new ArrayList<>(List.of(made));
        kept.addAll(known.subList(0, Math.min(known.size(), MOST - 1)));
        last = List.copyOf(kept); // of two threads, one may lose its entry
        return made.made;
    }
}

package io.inpod.iptables.backend.guarantee;

import io.inpod.iptables.Chain;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.pod.PodGuard;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rules of a set as iptables-save lists them, to be recognised in a listing. */
final class RuleTexts {
    private final List<String> rules = new ArrayList<>();

    RuleTexts(RuleSet set, IpFamily family) {
        for (Table table : set.tables()) {
            for (Chain chain : table.chains()) {
                for (int i = 0; i < chain.rules().size(); i++) {
                    rules.add(table.name() + " " + chain.name() + " rule " + (i + 1) + ": " + IptablesRestore.rule(chain.rules().get(i), family));
                }
            }
        }
    }

    /** Whether a rule of a listing is one of these, at whatever place in its chain. */
    boolean contains(String listed) {
        return rules.stream().anyMatch(rule -> key(rule).equals(key(listed)));
    }

    private static String key(String rule) {
        return rule.replaceFirst(" rule \\d+: ", ": ");
    }

    /** The last rule that leads to a port, rejects or drops, as a promise wants it. */
    @Nullable String keeping(Guarantee promise, String place) {
        return switch (promise) {
            case CONTAINED -> last(" " + PodGuard.CHAIN + " ", "DROP");
            case SEALED -> last(" " + PodGuard.INBOUND_CHAIN + " ", "DROP");
            case FORGED -> last(" " + PodGuard.OWNER_CHAIN + " ", "DROP");
            default -> last(" ", place.startsWith("port ") ? place.substring(5) : place.equals(ProbeLoop.REFUSED) ? "REJECT" : "ACCEPT");
        };
    }

    private @Nullable String last(String chain, String target) {
        String found = null;
        for (String rule : rules) {
            if (rule.contains(chain) && rule.substring(rule.indexOf(" -j ") + 1).contains(target)) {
                found = rule;
            }
        }
        return found;
    }
}

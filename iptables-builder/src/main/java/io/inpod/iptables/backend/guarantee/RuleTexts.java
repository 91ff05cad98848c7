package io.inpod.iptables.backend.guarantee;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Hook;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rules of a set as iptables-save lists them, to be recognised in a listing. */
final class RuleTexts {
    private final List<String> rules = new ArrayList<>();
    private final RuleSet set;

    RuleTexts(RuleSet set, IpFamily family) {
        this.set = set;
        for (Table table : set.tables()) {
            for (Chain chain : table.chains()) {
                for (int i = 0; i < chain.rules().size(); i++) {
                    rules.add(table.name() + " " + chain.name() + " rule " + (i + 1) + ": "
                            + IptablesRestore.rule(chain.rules().get(i), family));
                }
            }
        }
    }

    /** Whether a rule of a listing is one of these, at any place in its chain. */
    boolean contains(String listed) {
        return rules.stream().anyMatch(rule -> key(rule).equals(key(listed)));
    }

    private static String key(String rule) {
        return rule.replaceFirst(" rule \\d+: ", ": ");
    }

    /** The last rule that leads to a port, rejects or drops, and so ensures a guarantee. */
    @Nullable
    String ensuring(Guarantee guarantee, String place) {
        return switch (guarantee) {
            case CONTAINED, PROBE_ADDRESS -> last(behind(TableName.MANGLE, Hook.POSTROUTING), "DROP");
            case SEALED, REPEATED -> last(behind(TableName.MANGLE, Hook.INPUT), "DROP");
            case RETURNED -> last(TableName.MANGLE + " ", "CONNMARK --restore");
            case FORGED -> last(behind(TableName.FILTER, Hook.OUTPUT), "DROP");
            default -> last(" ", place.startsWith("port ") ? place.substring(5) : place.equals(TrialTraffic.REFUSED) ? "REJECT" : "ACCEPT");
        };
    }

    /** Returns the chain to which the last rule of a built-in chain leads, which is the guard's. */
    private String behind(TableName table, Hook hook) {
        return set.table(table).stream().flatMap(found -> found.chains().stream()).filter(chain -> chain.name().equals(hook.name()))
                .flatMap(chain -> chain.rules().stream()).flatMap(rule -> rule.target().destination().stream())
                .reduce((first, last) -> last)
                .map(chain -> table + " " + chain + " ")
                .orElseThrow(() -> new IllegalStateException("no rule leads from " + table + " " + hook));
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

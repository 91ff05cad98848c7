package io.inpod.iptables.backend.guarantee;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.backend.internal.tools.ToolRun;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.iptables.text.NftScript;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The rules that a pod should have, as the tools list them, to be recognised in a listing. */
final class RuleTexts {
    private static final Pattern LISTED = Pattern.compile("(.*?) (rule \\d+|policy): (.*)");
    private static final Pattern ACTION = Pattern.compile("(-[jg]|counter|jump|goto) (.*)");

    private final String tablePrefix;
    private final boolean inet;
    private final List<Line> lines;

    /**
     * A rule.
     *
     * @param chain its table and chain, such as {@code mangle INPUT}
     * @param place its place in the chain, such as {@code rule 1}
     * @param text its text
     */
    private record Line(String chain, String place, String text) {
        static Line of(String listed) {
            Matcher parts = LISTED.matcher(listed);
            if (!parts.matches()) {
                throw new IllegalArgumentException("no listed rule: " + listed);
            }
            return new Line(parts.group(1), parts.group(2), parts.group(3));
        }

        String listed() {
            return chain + " " + place + ": " + text;
        }

        /** Its text and chain: other rules may have come before it. */
        String key() {
            return chain + ": " + text;
        }

        /** What it does with a packet. */
        String action() {
            Matcher action = ACTION.matcher(text);
            return action.find() ? action.group(2) : text;
        }

        /** The table and chain to which it leads, if it leads to one. */
        String destination() {
            return chain.substring(0, chain.lastIndexOf(' ') + 1) + action();
        }
    }

    private RuleTexts(String tablePrefix, boolean inet, Collection<String> listed) {
        this.tablePrefix = tablePrefix;
        this.inet = inet;
        this.lines = listed.stream().map(Line::of).toList();
    }

    /** In the tables of iptables, as iptables-save lists them. */
    static RuleTexts ofIptables(PodRules rules, IpFamily family) {
        List<String> listed = new ArrayList<>();
        for (Table table : rules.ruleSet(family).tables()) {
            for (Chain chain : table.chains()) {
                for (int i = 0; i < chain.rules().size(); i++) {
                    listed.add(table.name() + " " + chain.name() + " rule " + (i + 1) + ": "
                            + IptablesRestore.rule(chain.rules().get(i), family));
                }
            }
        }
        return new RuleTexts("", false, listed);
    }

    /** In {@code inet} tables. How nft lists them is known only when it has done so. */
    static RuleTexts ofInet(PodRules rules, IpFamily family, IptablesTools tools) throws IOException {
        String prefix = PodRules.NAMES.tablePrefix();
        try (NetworkNamespace empty = NetworkNamespace.create()) {
            new ToolRun(tools, empty).nft(NftScript.render(rules.inet(), prefix), "-f", "-");
            return new RuleTexts("inet " + prefix, true, RulesCopy.of(tools, empty).counted(empty, family).keySet());
        }
    }

    /** Whether a rule of a listing is one of these, at any place in its chain. */
    boolean contains(String listed) {
        return lines.stream().anyMatch(line -> line.key().equals(Line.of(listed).key()));
    }

    /**
     * Says which rules fail, where an attempt has met no others: those that should have caught it and are missing, or else any that are
     * missing, or else the one that should have caught it.
     */
    List<String> failing(Attempt attempt, Collection<String> listed) {
        Set<String> found = listed.stream().map(rule -> Line.of(rule).key()).collect(Collectors.toSet());
        Optional<Line> last = ensuring(attempt);
        List<String> missing = missing(last.map(this::leadingTo).orElse(List.of()), found);
        if (!missing.isEmpty()) {
            return List.of("no rule caught it; " + (missing.size() == 1 ? "this one should have: " : "these should have: ")
                    + String.join("; ", missing));
        }
        List<String> others = missing(lines, found);
        return others.isEmpty() ? last.map(line -> "no rule caught it; this one should have: " + line.listed()).stream().toList()
                : others.stream().map(rule -> "missing: " + rule).toList();
    }

    private static List<String> missing(List<Line> some, Set<String> found) {
        return some.stream().filter(line -> !found.contains(line.key())).map(Line::listed).toList();
    }

    /** A rule, after those by which packets come to its chain. */
    private List<Line> leadingTo(Line last) {
        List<Line> path = new ArrayList<>();
        lines.stream().filter(line -> line.destination().equals(last.chain())).forEach(line -> path.addAll(leadingTo(line)));
        path.add(last);
        return path;
    }

    /** The last rule that leads to a port, rejects or drops, and so ensures a guarantee. */
    private Optional<Line> ensuring(Attempt attempt) {
        String place = attempt.expected();
        return switch (attempt.guarantee()) {
            case CONTAINED, PROBE_ADDRESS -> dropping(guard(TableName.MANGLE, Hook.POSTROUTING));
            case SEALED, REPEATED -> dropping(guard(TableName.MANGLE, Hook.INPUT));
            case PORTS -> dropping(behind(TableName.MANGLE, Hook.INPUT).get(0));
            case RETURNED -> last("", inet ? "meta mark set ct mark" : "connmark --restore");
            case FORGED -> dropping(guard(TableName.FILTER, Hook.OUTPUT));
            default -> last("", place.startsWith("port ") ? place.substring(5) : place.equals(TrialTraffic.REFUSED) ? "reject" : "accept");
        };
    }

    private Optional<Line> dropping(String chain) {
        return last(chain, "drop");
    }

    /** The guard's chain is the last to which a built-in chain leads. */
    private String guard(TableName table, Hook hook) {
        List<String> chains = behind(table, hook);
        return chains.get(chains.size() - 1);
    }

    /** Returns the chains to which a built-in chain leads, in order. */
    private List<String> behind(TableName table, Hook hook) {
        String chain = tablePrefix + table + " " + (inet ? hook.name().toLowerCase(Locale.ROOT) : hook.name());
        return lines.stream().filter(line -> line.chain().equals(chain)).map(Line::destination).toList();
    }

    private Optional<Line> last(String chain, String action) {
        return lines.stream().filter(line -> line.chain().startsWith(chain) && line.action().toLowerCase(Locale.ROOT).contains(action))
                .reduce((first, last) -> last);
    }
}

package io.inpod.iptables;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the kernel checks when a table is loaded, checked before. */
final class TableCheck {
    private final TableName table;
    private final Map<String, Chain> chains;
    private final Set<String> finished = new HashSet<>();

    private TableCheck(TableName table, Map<String, Chain> chains) {
        this.table = table;
        this.chains = chains;
    }

    static void check(TableName table, Map<String, Chain> byName, List<Chain> chains) {
        TableCheck check = new TableCheck(table, byName);
        for (Chain chain : chains) {
            check.walk(chain, null, new ArrayDeque<>());
        }
        for (Chain chain : chains) {
            if (chain.isBuiltIn()) {
                check.finished.clear();
                check.walk(chain, Hook.valueOf(chain.name()), new ArrayDeque<>());
            }
        }
    }

    /** Follows the jumps of a chain; every chain once per hook, so that heavily shared chains stay cheap. */
    private void walk(Chain chain, @Nullable Hook hook, Deque<String> path) {
        if (!finished.add(chain.name())) {
            return;
        }
        path.addLast(chain.name());
        for (int i = 0; i < chain.rules().size(); i++) {
            Rule rule = chain.rules().get(i);
            Where where = where(table, chain, i);
            TargetScope.check(where, rule, table, hook);
            if (chain.isBuiltIn()) {
                checkInterfaces(where, rule, Hook.valueOf(chain.name()));
            }
            String to = next(rule.target());
            if (to != null) {
                Chain next = chains.get(to);
                if (next == null) {
                    throw new IllegalArgumentException(where + ": jump target " + to + " is not a chain of this table");
                }
                if (path.contains(next.name())) {
                    throw new IllegalArgumentException(where + ": jump to " + next.name() + " closes a circle");
                }
                walk(next, hook, path);
            }
        }
        path.removeLast();
    }

    private static void checkInterfaces(Where where, Rule rule, Hook hook) {
        for (Match match : rule.matches()) {
            if (match instanceof Match.InInterface && (hook == Hook.OUTPUT || hook == Hook.POSTROUTING)
                    || match instanceof Match.OutInterface && (hook == Hook.PREROUTING || hook == Hook.INPUT)) {
                throw new IllegalArgumentException(where + ": " + match + " is not known in " + hook);
            }
        }
    }

    /** The chain to which a target jumps or goes. */
    static @Nullable String next(Target target) {
        if (target instanceof Target.Jump jump) {
            return jump.chain();
        }
        return target instanceof Target.Goto go ? go.chain() : null;
    }

    /** Where a rule stands, for errors: put into words only for those. */
    record Where(TableName table, Chain chain, int index) {
        @Override
        public String toString() {
            return table + " " + chain.name() + " rule " + (index + 1);
        }
    }

    static Where where(TableName table, Chain chain, int index) {
        return new Where(table, chain, index);
    }
}

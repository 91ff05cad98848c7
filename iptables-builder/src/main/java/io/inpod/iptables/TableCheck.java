package io.inpod.iptables;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
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
            String where = where(table, chain, i);
            checkTarget(where, rule.target(), hook);
            if (chain.isBuiltIn()) {
                checkInterfaces(where, rule, Hook.valueOf(chain.name()));
            }
            if (rule.target() instanceof Target.Jump jump) {
                Chain next = chains.get(jump.chain());
                if (next == null) {
                    throw new IllegalArgumentException(where + ": jump target " + jump.chain() + " is not a chain of this table");
                }
                if (path.contains(next.name())) {
                    throw new IllegalArgumentException(where + ": jump to " + next.name() + " closes a circle");
                }
                walk(next, hook, path);
            }
        }
        path.removeLast();
    }

    private void checkTarget(String where, Target target, @Nullable Hook hook) {
        Set<TableName> tables = EnumSet.allOf(TableName.class);
        Set<Hook> hooks = EnumSet.allOf(Hook.class);
        if (target instanceof Target.Redirect) {
            tables = EnumSet.of(TableName.NAT);
            hooks = EnumSet.of(Hook.PREROUTING, Hook.OUTPUT);
        } else if (target instanceof Target.Tproxy) {
            tables = EnumSet.of(TableName.MANGLE);
            hooks = EnumSet.of(Hook.PREROUTING);
        } else if (target instanceof Target.RestoreConnmark) {
            tables = EnumSet.of(TableName.MANGLE);
        } else if (target instanceof Target.ConntrackZone) {
            tables = EnumSet.of(TableName.RAW);
        } else if (target instanceof Target.Reject) {
            tables = EnumSet.of(TableName.FILTER);
        } else if (target instanceof Target.Drop) {
            tables = EnumSet.complementOf(EnumSet.of(TableName.NAT));
        }
        if (!tables.contains(table)) {
            throw new IllegalArgumentException(where + ": target " + target + " is allowed only in " + tables);
        }
        if (hook != null && !hooks.contains(hook)) {
            throw new IllegalArgumentException(where + ": target " + target + " is reached from " + hook + " but allowed only in " + hooks);
        }
    }

    private static void checkInterfaces(String where, Rule rule, Hook hook) {
        for (Match match : rule.matches()) {
            if (match instanceof Match.InInterface && (hook == Hook.OUTPUT || hook == Hook.POSTROUTING)
                    || match instanceof Match.OutInterface && (hook == Hook.PREROUTING || hook == Hook.INPUT)) {
                throw new IllegalArgumentException(where + ": " + match + " is not known in " + hook);
            }
        }
    }

    static String where(TableName table, Chain chain, int index) {
        return table + " " + chain.name() + " rule " + (index + 1);
    }
}

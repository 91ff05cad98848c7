package io.inpod.iptables;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Checks what the kernel would check when the table is loaded. Each rule is checked once, even if many paths lead to it. */
final class TableCheck {
    private static final int NEW = 0;
    private static final int ENTERED = 1;
    private static final int LEFT = 2;

    private final TableName table;
    private final List<Chain> chains;
    private final Map<String, Integer> indices = new HashMap<>();
    /** Where each rule leads, by chain and rule: the index of a chain, or -1. */
    private final int[][] next;
    private final int[] state;
    /** Chains in an order in which each chain comes before all chains that lead to it. */
    private final int[] order;
    private int ordered;

    private TableCheck(TableName table, List<Chain> chains) {
        this.table = table;
        this.chains = chains;
        next = new int[chains.size()][];
        state = new int[chains.size()];
        order = new int[chains.size()];
    }

    static void check(TableName table, List<Chain> chains) {
        new TableCheck(table, chains).run();
    }

    private void run() {
        for (int i = 0; i < chains.size(); i++) {
            Chain chain = chains.get(i);
            Hook hook = Hook.of(chain.name());
            if (hook != null && !table.hooks().contains(hook)) {
                throw new IllegalArgumentException(table + " has no built-in chain " + chain.name());
            }
            if (indices.put(chain.name(), i) != null) {
                throw new IllegalArgumentException(table + " has two chains " + chain.name());
            }
        }
        for (int i = 0; i < chains.size(); i++) {
            follow(i);
        }
        int[] from = new int[chains.size()];
        for (int n = ordered - 1; n >= 0; n--) {
            int i = order[n];
            Hook hook = Hook.of(chains.get(i).name());
            from[i] |= hook == null ? 0 : HookCheck.bit(hook);
            for (int to : next[i]) {
                if (to >= 0) {
                    from[to] |= from[i];
                }
            }
        }
        for (int i = 0; i < chains.size(); i++) {
            checkRules(chains.get(i), from[i]);
        }
    }

    private void follow(int i) {
        if (state[i] != NEW) {
            return;
        }
        state[i] = ENTERED;
        Chain chain = chains.get(i);
        int[] ways = new int[chain.rules().size()];
        for (int rule = 0; rule < ways.length; rule++) {
            Optional<String> destination = chain.rules().get(rule).target().destination();
            ways[rule] = destination.isEmpty() ? -1 : to(chain, rule, destination.get());
        }
        next[i] = ways;
        order[ordered++] = i;
        state[i] = LEFT;
    }

    private int to(Chain chain, int rule, String name) {
        Integer to = indices.get(name);
        if (to == null) {
            throw new IllegalArgumentException(new Where(table, chain, rule) + ": jump target " + name + " is not a chain of this table");
        }
        if (state[to] == ENTERED) {
            throw new IllegalArgumentException(new Where(table, chain, rule) + ": jump to " + name + " closes a circle");
        }
        follow(to);
        return to;
    }

    private void checkRules(Chain chain, int from) {
        Hook hook = Hook.of(chain.name());
        for (int i = 0; i < chain.rules().size(); i++) {
            if (hook != null) {
                checkInterfaces(chain, i, hook);
            }
            HookCheck.check(table, chain, i, from);
        }
    }

    private void checkInterfaces(Chain chain, int index, Hook hook) {
        for (Match match : chain.rules().get(index).matches()) {
            if (match instanceof InInterfaceMatch && (hook == Hook.OUTPUT || hook == Hook.POSTROUTING)
                    || match instanceof OutInterfaceMatch && (hook == Hook.PREROUTING || hook == Hook.INPUT)) {
                throw new IllegalArgumentException(new Where(table, chain, index) + ": " + match + " is not known in " + hook);
            }
        }
    }

    /** Where a rule stands, for errors. */
    record Where(TableName table, Chain chain, int index) {
        @Override
        public String toString() {
            return table + " " + chain.name() + " rule " + (index + 1);
        }
    }
}

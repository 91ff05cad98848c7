package io.inpod.iptables;

import java.util.EnumSet;
import java.util.Set;

/** Checks that the kernel supports each target and match in the tables and hooks from which packets reach it. */
final class HookCheck {
    // one bit for each hook or table, by its ordinal
    static final int EVERYWHERE = -1;
    static final int RECEIVING = bit(Hook.PREROUTING) | bit(Hook.INPUT);
    static final int SENDING = bit(Hook.OUTPUT) | bit(Hook.POSTROUTING);

    private HookCheck() {}

    static int bit(Enum<?> one) {
        return 1 << one.ordinal();
    }

    /** Checks a rule that packets reach from some hooks, each with its bit. */
    static void check(TableName table, Chain chain, int index, int from) {
        Rule rule = chain.rules().get(index);
        TargetTraits target = TargetTraits.of(rule.target());
        if ((target.tables() & bit(table)) == 0) {
            throw new IllegalArgumentException(
                    new TableCheck.Where(table, chain, index) + ": target " + rule.target() + " is allowed only in "
                            + set(TableName.class, target.tables()));
        }
        if (from == 0) {
            return;
        }
        int unsupported = from & ~target.hooks();
        if (unsupported != 0) {
            throw new IllegalArgumentException(new TableCheck.Where(table, chain, index) + ": target " + rule.target() + " is reached from "
                    + first(unsupported) + " but allowed only in " + set(Hook.class, target.hooks()));
        }
        for (int i = 0; i < rule.matches().size(); i++) {
            Match match = rule.matches().get(i);
            int known = MatchTraits.of(match).hooks();
            if ((from & ~known) != 0) {
                throw new IllegalArgumentException(new TableCheck.Where(table, chain, index) + ": " + match + " is reached from "
                        + first(from & ~known) + " but known only in " + set(Hook.class, known));
            }
        }
    }

    private static Hook first(int hooks) {
        return Hook.values()[Integer.numberOfTrailingZeros(hooks)];
    }

    private static <T extends Enum<T>> Set<T> set(Class<T> type, int bits) {
        Set<T> set = EnumSet.allOf(type);
        set.removeIf(one -> (bits & bit(one)) == 0);
        return set;
    }
}

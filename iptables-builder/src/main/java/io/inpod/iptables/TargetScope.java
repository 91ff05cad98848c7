package io.inpod.iptables;

import java.util.EnumSet;
import java.util.Set;

/** In which tables and hooks the kernel knows a target or match; iptables-extensions(8) and the checkentry functions of its modules. */
final class TargetScope {
    // one bit for each hook or table, by its ordinal
    private static final int EVERYWHERE = -1;
    private static final int RECEIVING = bit(Hook.PREROUTING) | bit(Hook.INPUT);
    private static final int SENDING = bit(Hook.OUTPUT) | bit(Hook.POSTROUTING);
    private static final int ALL_BUT_NAT = ~bit(TableName.NAT);

    private TargetScope() {
    }

    static int bit(Enum<?> one) {
        return 1 << one.ordinal();
    }

    /** Checks a rule that packets reach from some hooks, each with its bit. */
    static void check(TableName table, Chain chain, int index, int from) {
        Rule rule = chain.rules().get(index);
        int tables = tables(rule.target());
        if ((tables & bit(table)) == 0) {
            throw new IllegalArgumentException(new TableCheck.Where(table, chain, index) + ": target " + rule.target() + " is allowed only in "
                    + set(TableName.class, tables));
        }
        if (from == 0) {
            return;
        }
        int hooks = hooks(rule.target());
        if ((from & ~hooks) != 0) {
            throw new IllegalArgumentException(new TableCheck.Where(table, chain, index) + ": target " + rule.target() + " is reached from "
                    + first(from & ~hooks) + " but allowed only in " + set(Hook.class, hooks));
        }
        for (Match match : rule.matches()) {
            int known = hooks(match);
            if ((from & ~known) != 0) {
                throw new IllegalArgumentException(new TableCheck.Where(table, chain, index) + ": " + match + " is reached from "
                        + first(from & ~known) + " but known only in " + set(Hook.class, known));
            }
        }
    }

    private static int tables(Target target) {
        if (target instanceof Target.Accept || target instanceof Target.Jump || target instanceof Target.Return) {
            return EVERYWHERE;
        } else if (target instanceof Target.Redirect || target instanceof Target.Dnat || target instanceof Target.Snat || target instanceof Target.Masquerade) {
            return bit(TableName.NAT);
        } else if (target instanceof Target.Tproxy || target instanceof Target.RestoreConnmark || target instanceof Target.SaveConnmark
                || target instanceof Target.SetTcpMss || target instanceof Target.ClampTcpMss) {
            return bit(TableName.MANGLE);
        } else if (target instanceof Target.ConntrackZone || target instanceof Target.NoTrack) {
            return bit(TableName.RAW);
        } else if (target instanceof Target.Reject) {
            return bit(TableName.FILTER);
        } else if (target instanceof Target.Drop) {
            return ALL_BUT_NAT;
        }
        return EVERYWHERE;
    }

    private static int hooks(Target target) {
        if (target instanceof Target.Accept || target instanceof Target.Jump || target instanceof Target.Return) {
            return EVERYWHERE;
        } else if (target instanceof Target.Redirect || target instanceof Target.Dnat) {
            return bit(Hook.PREROUTING) | bit(Hook.OUTPUT);
        } else if (target instanceof Target.Snat) {
            return bit(Hook.INPUT) | bit(Hook.POSTROUTING);
        } else if (target instanceof Target.Masquerade) {
            return bit(Hook.POSTROUTING);
        } else if (target instanceof Target.Tproxy) {
            return bit(Hook.PREROUTING);
        } else if (target instanceof Target.ClampTcpMss) {
            return SENDING | bit(Hook.FORWARD);
        }
        return EVERYWHERE;
    }

    private static int hooks(Match match) {
        if (match instanceof OwnerUserMatch || match instanceof OwnerGroupMatch || match instanceof OwnerSocketMatch) {
            return SENDING;
        } else if (match instanceof CgroupMatch) {
            return SENDING | bit(Hook.INPUT);
        } else if (match instanceof SocketMatch) {
            return RECEIVING;
        }
        return EVERYWHERE;
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

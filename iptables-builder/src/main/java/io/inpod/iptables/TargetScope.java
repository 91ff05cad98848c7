package io.inpod.iptables;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** In which tables and hooks the kernel knows a target or match; iptables-extensions(8) and the checkentry functions of its modules. */
final class TargetScope {
    // the sets are never changed: one of each is enough
    private static final Set<Hook> SENDING = EnumSet.of(Hook.OUTPUT, Hook.POSTROUTING);
    private static final Set<Hook> EVERYWHERE = EnumSet.allOf(Hook.class);
    private static final Set<TableName> ALL = EnumSet.allOf(TableName.class);
    private static final Set<TableName> ALL_BUT_NAT = EnumSet.complementOf(EnumSet.of(TableName.NAT));

    private TargetScope() {
    }

    static void check(TableCheck.Where where, Rule rule, TableName table, @Nullable Hook hook) {
        Set<TableName> tables = tables(rule.target());
        if (!tables.contains(table)) {
            throw new IllegalArgumentException(where + ": target " + rule.target() + " is allowed only in " + tables);
        }
        if (hook == null) {
            return;
        }
        Set<Hook> hooks = hooks(rule.target());
        if (!hooks.contains(hook)) {
            throw new IllegalArgumentException(where + ": target " + rule.target() + " is reached from " + hook + " but allowed only in " + hooks);
        }
        for (Match match : rule.matches()) {
            Set<Hook> known = hooks(match);
            if (!known.contains(hook)) {
                throw new IllegalArgumentException(where + ": " + match + " is reached from " + hook + " but known only in " + known);
            }
        }
    }

    private static Set<TableName> tables(Target target) {
        if (target instanceof Target.Redirect || target instanceof Target.Dnat || target instanceof Target.Snat || target instanceof Target.Masquerade) {
            return EnumSet.of(TableName.NAT);
        } else if (target instanceof Target.Tproxy || target instanceof Target.RestoreConnmark || target instanceof Target.SaveConnmark
                || target instanceof Target.SetTcpMss || target instanceof Target.ClampTcpMss) {
            return EnumSet.of(TableName.MANGLE);
        } else if (target instanceof Target.ConntrackZone || target instanceof Target.NoTrack) {
            return EnumSet.of(TableName.RAW);
        } else if (target instanceof Target.Reject) {
            return EnumSet.of(TableName.FILTER);
        } else if (target instanceof Target.Drop) {
            return ALL_BUT_NAT;
        }
        return ALL;
    }

    private static Set<Hook> hooks(Target target) {
        if (target instanceof Target.Redirect || target instanceof Target.Dnat) {
            return EnumSet.of(Hook.PREROUTING, Hook.OUTPUT);
        } else if (target instanceof Target.Snat) {
            return EnumSet.of(Hook.INPUT, Hook.POSTROUTING);
        } else if (target instanceof Target.Masquerade) {
            return EnumSet.of(Hook.POSTROUTING);
        } else if (target instanceof Target.Tproxy) {
            return EnumSet.of(Hook.PREROUTING);
        } else if (target instanceof Target.ClampTcpMss) {
            return EnumSet.of(Hook.FORWARD, Hook.OUTPUT, Hook.POSTROUTING);
        }
        return EVERYWHERE;
    }

    private static Set<Hook> hooks(Match match) {
        if (match instanceof OwnerUserMatch || match instanceof OwnerGroupMatch || match instanceof OwnerSocketMatch) {
            return SENDING;
        } else if (match instanceof CgroupMatch) {
            return EnumSet.of(Hook.INPUT, Hook.OUTPUT, Hook.POSTROUTING);
        } else if (match instanceof SocketMatch) {
            return EnumSet.of(Hook.PREROUTING, Hook.INPUT);
        }
        return EVERYWHERE;
    }
}

package io.inpod.iptables.backend.internal.nft.xtables;

import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** The match {@code conntrack} of x_tables: struct xt_conntrack_mtinfo3 of linux/netfilter/xt_conntrack.h. */
public final class XtConntrack {
    static final String NAME = "conntrack 3";

    private static final int SIZE = 164;
    private static final int MATCH_FLAGS = 146;
    private static final int INVERT_FLAGS = 148;
    private static final int STATE = 150;
    private static final int STATUS = 152;
    private static final int BY_STATE = 0x1;
    private static final int BY_STATUS = 0x40;

    private XtConntrack() {}

    public static Expr.XtMatch state(ConntrackStateMatch match) {
        int bits = 0;
        for (ConntrackState state : match.states()) {
            bits |= bit(state);
        }
        return match(BY_STATE, match.negated(), STATE, bits);
    }

    public static Expr.XtMatch status(ConntrackStatusMatch match) {
        int bits = 0;
        for (ConntrackStatus status : match.statuses()) {
            bits |= 1 << status.ordinal();
        }
        return match(BY_STATUS, match.negated(), STATUS, bits);
    }

    private static Expr.XtMatch match(int by, boolean negated, int field, int bits) {
        Struct struct = new Struct(SIZE).u16(MATCH_FLAGS, by).u16(INVERT_FLAGS, negated ? by : 0).u16(field, bits);
        return new Expr.XtMatch("conntrack", 3, struct.bytes());
    }

    /** XT_CONNTRACK_STATE_. */
    private static int bit(ConntrackState state) {
        return switch (state) {
            case INVALID -> 0x1;
            case ESTABLISHED -> 0x2;
            case RELATED -> 0x4;
            case NEW -> 0x8;
            case UNTRACKED -> 0x100;
        };
    }

    static Optional<Match> read(Expr.XtMatch match) {
        boolean negated = match.info().hostShort(INVERT_FLAGS) != 0;
        Set<ConntrackState> states = EnumSet.noneOf(ConntrackState.class);
        for (ConntrackState state : ConntrackState.values()) {
            if ((match.info().hostShort(STATE) & bit(state)) != 0) {
                states.add(state);
            }
        }
        Set<ConntrackStatus> statuses = statuses(match.info().hostShort(STATUS));
        if (!states.isEmpty()) {
            ConntrackStateMatch found = new ConntrackStateMatch(states, negated);
            return state(found).equals(match) ? Optional.of(found) : Optional.empty();
        } else if (!statuses.isEmpty()) {
            ConntrackStatusMatch found = new ConntrackStatusMatch(statuses, negated);
            return status(found).equals(match) ? Optional.of(found) : Optional.empty();
        }
        return Optional.empty();
    }

    /** IPS_; bits without a name are left out. */
    public static Set<ConntrackStatus> statuses(int bits) {
        Set<ConntrackStatus> statuses = EnumSet.noneOf(ConntrackStatus.class);
        for (ConntrackStatus status : ConntrackStatus.values()) {
            if ((bits & 1 << status.ordinal()) != 0) {
                statuses.add(status);
            }
        }
        return statuses;
    }
}

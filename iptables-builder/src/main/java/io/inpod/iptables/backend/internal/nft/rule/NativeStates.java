package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.ConntrackState;
import java.util.EnumSet;
import java.util.Set;

/** The bits of connection states in native expressions, see enum ip_conntrack_info and {@code ct_state} of nft. */
final class NativeStates {
    private NativeStates() {}

    static int bit(ConntrackState state) {
        return switch (state) {
            case INVALID -> 0x1;
            case ESTABLISHED -> 0x2;
            case RELATED -> 0x4;
            case NEW -> 0x8;
            case UNTRACKED -> 0x40;
        };
    }

    /** Returns the states of some bits; none if a bit is unknown. */
    static Set<ConntrackState> of(int bits) {
        Set<ConntrackState> states = EnumSet.noneOf(ConntrackState.class);
        int known = 0;
        for (ConntrackState state : ConntrackState.values()) {
            if ((bits & bit(state)) != 0) {
                states.add(state);
                known |= bit(state);
            }
        }
        return known == bits ? states : Set.of();
    }
}

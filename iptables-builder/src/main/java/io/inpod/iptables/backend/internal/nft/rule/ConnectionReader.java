package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Cursor;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.xtables.XtConntrack;
import java.util.Optional;
import java.util.Set;

/** Reads native conditions on the packet's connection. */
final class ConnectionReader {
    private ConnectionReader() {}

    /** Reads the condition on a loaded property of the connection. */
    static Optional<? extends Match> read(Cursor cursor, int key) {
        if (key == Expr.Ct.MARK) {
            return Basics.readMark(cursor).map(m -> new ConnmarkMatch(m.mark(), m.negated()));
        }
        Optional<Expr.Bitwise> bitwise = cursor.next(Expr.Bitwise.class).filter(b -> b.mask().length() == 4 && b.flip().isZero());
        Optional<Expr.Cmp> cmp = Basics.equality(cursor).filter(c -> c.data().length() == 4);
        if (cmp.isEmpty()) {
            return Optional.empty();
        }
        boolean differs = cmp.get().op() == Expr.Cmp.NEQ;
        if (bitwise.isPresent()) {
            return cmp.get().data().isZero() ? anyOf(key, bitwise.get().mask().hostInt(0), !differs) : Optional.empty();
        }
        // a packet has exactly one state, so that comparing the whole number means the same
        return key == Expr.Ct.STATE ? anyOf(key, cmp.get().data().hostInt(0), differs) : Optional.empty();
    }

    private static Optional<Match> anyOf(int key, int bits, boolean negated) {
        if (key == Expr.Ct.STATE) {
            Set<ConntrackState> states = NativeStates.of(bits);
            return states.isEmpty() ? Optional.empty() : Optional.of(new ConntrackStateMatch(states, negated));
        }
        Set<ConntrackStatus> statuses = XtConntrack.statuses(bits);
        boolean whole = bits != 0 && bits < 1 << ConntrackStatus.values().length;
        return key == Expr.Ct.STATUS && whole ? Optional.of(new ConntrackStatusMatch(statuses, negated)) : Optional.empty();
    }
}

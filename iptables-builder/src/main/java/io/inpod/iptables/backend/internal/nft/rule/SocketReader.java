package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Cursor;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.iptables.backend.internal.nft.xtables.XtMatches;
import java.util.Optional;

/** Reads native conditions on local sockets, their users and groups, and the types of addresses. */
final class SocketReader {
    private SocketReader() {}

    /** Reads a condition that begins by loading a property of a socket, or the type of an address. */
    static Optional<? extends Match> read(Cursor cursor, Expr first, KernelNames names) {
        if (first instanceof Expr.Fib fib) {
            return Basics.equality(cursor).flatMap(cmp -> addressType(fib, cmp));
        }
        Expr.Socket socket = (Expr.Socket) first;
        if (socket.key() == Expr.Socket.CGROUP) {
            return Basics.equality(cursor).filter(cmp -> cmp.data().length() == 8).flatMap(cmp -> names.cgroup(cmp.data().hostLong(0))
                    .filter(path -> path.split("/").length == socket.level()).map(path -> new CgroupMatch(path, cmp.op() == Expr.Cmp.NEQ)));
        }
        boolean concrete = socket.key() == Expr.Socket.WILDCARD && cursor.skip(new Expr.Cmp(Expr.Cmp.EQ, Octets.u8(0)));
        Expr transparent = new Expr.Socket(Expr.Socket.TRANSPARENT, 0);
        if (concrete) {
            int position = cursor.position();
            boolean both = cursor.skip(transparent) && cursor.skip(new Expr.Cmp(Expr.Cmp.EQ, Octets.u8(1)));
            if (!both) {
                cursor.back(position);
            }
            return Optional.of(new SocketMatch(both, false));
        } else if (first.equals(transparent)) {
            if (cursor.skip(new Expr.Cmp(Expr.Cmp.EQ, Octets.u8(1)))) {
                return Optional.of(new SocketMatch(true, true));
            }
            return cursor.skip(new Expr.Cmp(Expr.Cmp.LTE, Octets.u8(1))) ? Optional.of(new SocketMatch(false, true)) : Optional.empty();
        }
        return Optional.empty();
    }

    private static Optional<Match> addressType(Expr.Fib fib, Expr.Cmp cmp) {
        boolean source = fib.flags() == Expr.Fib.SOURCE;
        if (fib.result() != Expr.Fib.ADDRESS_TYPE || !source && fib.flags() != Expr.Fib.DESTINATION || cmp.data().length() != 4) {
            return Optional.empty();
        }
        for (AddressType type : AddressType.values()) {
            if (XtMatches.routeType(type) == cmp.data().hostInt(0)) {
                return Optional.of(new AddressTypeMatch(source ? Side.SOURCE : Side.DESTINATION, type, cmp.op() == Expr.Cmp.NEQ));
            }
        }
        return Optional.empty();
    }

    /** Reads the condition on the loaded user or group of the socket. */
    static Optional<? extends Match> owner(Cursor cursor, boolean user) {
        if (user && cursor.skip(new Expr.Cmp(Expr.Cmp.GTE, Octets.zeros(4)))) {
            return Optional.of(new OwnerSocketMatch(false));
        }
        if (cursor.next(Expr.ToNetwork.class).isEmpty()) {
            return Basics.equality(cursor).filter(cmp -> cmp.data().length() == 4)
                    .map(cmp -> owner(user, cmp.data().hostInt(0), cmp.data().hostInt(0), cmp.op() == Expr.Cmp.NEQ));
        }
        Optional<Expr.Range> range = cursor.next(Expr.Range.class).filter(r -> r.from().length() == 4 && r.to().length() == 4);
        if (range.isPresent()) {
            return Optional.of(owner(user, range.get().from().beInt(0), range.get().to().beInt(0), range.get().outside()));
        }
        Optional<Expr.Cmp> from = cursor.next(Expr.Cmp.class).filter(c -> c.op() == Expr.Cmp.GTE && c.data().length() == 4);
        Optional<Expr.Cmp> to = cursor.next(Expr.Cmp.class).filter(c -> c.op() == Expr.Cmp.LTE && c.data().length() == 4);
        return from.isEmpty() || to.isEmpty() ? Optional.empty()
                : Optional.of(owner(user, from.get().data().beInt(0), to.get().data().beInt(0), false));
    }

    private static Match owner(boolean user, int first, int last, boolean negated) {
        long from = first & 0xffffffffL;
        long to = last & 0xffffffffL;
        return user ? new OwnerUserMatch(from, to, negated) : new OwnerGroupMatch(from, to, negated);
    }
}

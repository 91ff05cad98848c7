package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.iptables.Match;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.PortSetMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Side;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.TransportMatch.PortCondition;
import java.util.List;
import java.util.Optional;

/** Conditions on the two ports with which the headers of TCP and UDP begin, and on the flags of TCP. */
public final class PortExprs {
    private static final int SOURCE = 0;
    private static final int DESTINATION = 2;
    private static final int FLAGS = 13;
    private static final int LAST = 65535;

    private PortExprs() {}

    /** As nft writes them: a range is two comparisons, except a negated one. */
    public static List<Expr> nft(List<Expr> to, TransportMatch match) {
        match.source().ifPresent(port -> one(to, SOURCE, port));
        match.destination().ifPresent(port -> one(to, DESTINATION, port));
        match.flags().ifPresent(flags -> flags(to, flags));
        return to;
    }

    /** As nft writes several ports. */
    public static List<Expr> set(List<Expr> to, MultiportMatch match) {
        to.add(new Expr.Payload(Expr.Payload.TRANSPORT, match.side() == Side.SOURCE ? SOURCE : DESTINATION, 2));
        to.add(new Expr.PortSet(match.ports(), match.negated()));
        return to;
    }

    /** A lookup in a set with a name. */
    public static List<Expr> set(List<Expr> to, PortSetMatch match) {
        to.add(new Expr.Payload(Expr.Payload.TRANSPORT, match.side() == Side.SOURCE ? SOURCE : DESTINATION, 2));
        to.add(new Expr.Lookup(match.set(), match.negated()));
        return to;
    }

    private static void flags(List<Expr> to, TcpFlags flags) {
        to.add(new Expr.Payload(Expr.Payload.TRANSPORT, FLAGS, 1));
        to.add(new Expr.Bitwise(Octets.u8(TcpFlags.bits(flags.examined())), Octets.u8(0)));
        to.add(new Expr.Cmp(Expr.Cmp.op(flags.negated()), Octets.u8(TcpFlags.bits(flags.set()))));
    }

    private static void one(List<Expr> to, int offset, PortCondition port) {
        Octets first = Octets.be16(port.range().first());
        Octets last = Octets.be16(port.range().last());
        to.add(new Expr.Payload(Expr.Payload.TRANSPORT, offset, 2));
        if (first.equals(last)) {
            to.add(new Expr.Cmp(Expr.Cmp.op(port.negated()), first));
        } else if (port.negated()) {
            to.add(new Expr.Range(port.negated(), first, last));
        } else {
            to.add(new Expr.Cmp(Expr.Cmp.GTE, first));
            to.add(new Expr.Cmp(Expr.Cmp.LTE, last));
        }
    }

    /** The condition that follows a payload expression of the transport header. */
    public static Optional<? extends Match> read(Cursor cursor, Expr.Payload payload, Protocol protocol) {
        if (payload.offset() == FLAGS && payload.length() == 1) {
            return flags(cursor).map(flags -> new TransportMatch(protocol, Optional.empty(), Optional.empty(), Optional.of(flags)));
        }
        if (payload.offset() == SOURCE && payload.length() == 4) {
            return cursor.next(Expr.Cmp.class).filter(cmp -> cmp.op() == Expr.Cmp.EQ && cmp.data().length() == 4)
                    .map(cmp -> new TransportMatch(protocol, port(cmp.data().u16At(0), cmp.data().u16At(0), false),
                            port(cmp.data().u16At(2), cmp.data().u16At(2), false), Optional.empty()));
        }
        if (payload.length() != 2 || payload.offset() != SOURCE && payload.offset() != DESTINATION) {
            return Optional.empty();
        }
        Side side = payload.offset() == SOURCE ? Side.SOURCE : Side.DESTINATION;
        Optional<Expr.Lookup> lookup = cursor.next(Expr.Lookup.class);
        if (lookup.isPresent()) {
            return lookup.filter(Expr.Lookup::isNamed).map(named -> new PortSetMatch(named.set(), protocol, side, named.outside()));
        }
        Optional<Expr.PortSet> set = cursor.next(Expr.PortSet.class);
        if (set.isPresent()) {
            return Optional.of(MultiportMatch.of(protocol, side, set.get().ports(), set.get().outside()));
        }
        Optional<PortCondition> port = compared(cursor);
        Optional<PortCondition> none = Optional.empty();
        return port.map(p -> new TransportMatch(protocol, payload.offset() == SOURCE ? port : none,
                payload.offset() == SOURCE ? none : port, Optional.empty()));
    }

    private static Optional<TcpFlags> flags(Cursor cursor) {
        Optional<Expr.Bitwise> bitwise = cursor.next(Expr.Bitwise.class).filter(b -> b.mask().length() == 1 && b.flip().isZero());
        Optional<Expr.Cmp> cmp = Basics.equality(cursor).filter(c -> c.data().length() == 1);
        return bitwise.isEmpty() ? Optional.empty()
                : cmp.map(c -> new TcpFlags(TcpFlags.of(bitwise.get().mask().u8At(0)), TcpFlags.of(c.data().u8At(0)),
                        c.op() == Expr.Cmp.NEQ));
    }

    private static Optional<PortCondition> compared(Cursor cursor) {
        Optional<Expr.Range> range = cursor.next(Expr.Range.class);
        if (range.isPresent()) {
            return port(u16(range.get().from()), u16(range.get().to()), range.get().outside());
        }
        Optional<Expr.Cmp> cmp = cursor.next(Expr.Cmp.class);
        if (cmp.isEmpty()) {
            return Optional.empty();
        }
        int number = u16(cmp.get().data());
        return switch (cmp.get().op()) {
            case Expr.Cmp.EQ, Expr.Cmp.NEQ -> port(number, number, cmp.get().op() == Expr.Cmp.NEQ);
            case Expr.Cmp.GTE -> {
                int position = cursor.position();
                Optional<Expr.Cmp> upper = cursor.next(Expr.Cmp.class).filter(c -> c.op() == Expr.Cmp.LTE);
                if (upper.isEmpty()) {
                    cursor.back(position);
                }
                yield port(number, upper.map(c -> u16(c.data())).orElse(LAST), false);
            }
            case Expr.Cmp.LTE -> port(0, number, false);
            case Expr.Cmp.GT -> port(0, number, true);
            default -> Optional.empty();
        };
    }

    private static int u16(Octets data) {
        return data.length() == 2 ? data.u16At(0) : -1;
    }

    private static Optional<PortCondition> port(int first, int last, boolean negated) {
        return first < 0 || last < first ? Optional.empty() : Optional.of(new PortCondition(new Ports(first, last), negated));
    }
}

package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.PortSetMatch;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.ProtocolNumberMatch;
import io.inpod.iptables.RandomMatch;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.iptables.backend.internal.nft.expr.PortExprs;
import io.inpod.iptables.backend.internal.nft.xtables.XtMatches;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes conditions in native expressions, and once before them the family or protocol that they depend on. Not thread-safe. */
final class NativeMatches extends CommonMatches {
    static final int CONNLIMIT_COUNT = 1;
    static final int CONNLIMIT_FLAGS = 2;

    private Optional<IpFamily> family = Optional.empty();
    private Optional<Protocol> protocol = Optional.empty();

    NativeMatches(Scope scope) {
        super(new ArrayList<>(16), scope);
    }

    List<Expr> expressions() {
        return to;
    }

    /** Returns whether a condition includes one on the protocol. */
    static boolean asksForProtocol(Match match) {
        return match instanceof IcmpMatch || match instanceof MultiportMatch || match instanceof PortSetMatch
                || match instanceof TransportMatch t && !t.isHeaderAlone();
    }

    void family(IpFamily wanted) {
        if (scope.isInet() && family.isEmpty()) {
            to.add(new Expr.Meta(Expr.Meta.NFPROTO));
            to.add(new Expr.Cmp(Expr.Cmp.EQ, Octets.u8(Basics.nfproto(wanted))));
            family = Optional.of(wanted);
        }
    }

    private List<Expr> protocol(Protocol wanted, boolean negated) {
        if (protocol.isEmpty()) {
            Basics.protocol(to, wanted.number(), negated);
            protocol = Optional.of(wanted);
        }
        return to;
    }

    /** Writes a condition, and before it one on its family unless there already is one. */
    void add(Match match) {
        match.families().single().ifPresent(this::family);
        match.accept(this);
    }

    @Override
    public List<Expr> visit(InInterfaceMatch match) {
        return Basics.name(to, Expr.Meta.IN_NAME, match.name(), match.negated(), true);
    }

    @Override
    public List<Expr> visit(OutInterfaceMatch match) {
        return Basics.name(to, Expr.Meta.OUT_NAME, match.name(), match.negated(), true);
    }

    @Override
    public List<Expr> visit(ProtocolMatch match) {
        return protocol(match.protocol(), match.negated());
    }

    @Override
    public List<Expr> visit(ProtocolNumberMatch match) {
        return Basics.protocol(to, match.number(), match.negated());
    }

    @Override
    public List<Expr> visit(TransportMatch match) {
        return PortExprs.nft(protocol(match.protocol(), false), match);
    }

    @Override
    public List<Expr> visit(MultiportMatch match) {
        return PortExprs.set(protocol(match.protocol(), false), match);
    }

    @Override
    public List<Expr> visit(IcmpMatch match) {
        protocol(match.protocol(), false);
        to.add(new Expr.Payload(Expr.Payload.TRANSPORT, 0, match.code().isPresent() ? 2 : 1));
        return add(new Expr.Cmp(Expr.Cmp.op(match.negated()),
                match.code().isPresent() ? Octets.be16(match.type() << 8 | match.code().getAsInt()) : Octets.u8(match.type())));
    }

    @Override
    public List<Expr> visit(ConnmarkMatch match) {
        return Basics.mark(add(new Expr.Ct(Expr.Ct.MARK)), match.mark(), match.negated());
    }

    @Override
    public List<Expr> visit(ConntrackStateMatch match) {
        int bits = 0;
        for (ConntrackState state : match.states()) {
            bits |= NativeStates.bit(state);
        }
        return anyBit(Expr.Ct.STATE, bits, match.negated());
    }

    @Override
    public List<Expr> visit(ConntrackStatusMatch match) {
        int bits = 0;
        for (ConntrackStatus status : match.statuses()) {
            bits |= 1 << status.ordinal();
        }
        return anyBit(Expr.Ct.STATUS, bits, match.negated());
    }

    @Override
    public List<Expr> visit(SetMatch match) {
        to.add(new Expr.Payload(Expr.Payload.NETWORK, Basics.offset(match.family(), match.side() == Side.SOURCE),
                match.family().bits() / 8));
        return add(new Expr.Lookup(match.set(), match.negated()));
    }

    @Override
    public List<Expr> visit(PortSetMatch match) {
        return PortExprs.set(protocol(match.protocol(), false), match);
    }

    @Override
    public List<Expr> visit(AddressRangeMatch match) {
        return Basics.addressRange(to, match);
    }

    @Override
    public List<Expr> visit(AddressTypeMatch match) {
        to.add(new Expr.Fib(Expr.Fib.ADDRESS_TYPE, match.side() == Side.SOURCE ? Expr.Fib.SOURCE : Expr.Fib.DESTINATION));
        return add(new Expr.Cmp(Expr.Cmp.op(match.negated()), Octets.host32(XtMatches.routeType(match.type()))));
    }

    @Override
    public List<Expr> visit(OwnerUserMatch match) {
        return id(Expr.Meta.SOCKET_UID, match.first(), match.last(), match.negated());
    }

    @Override
    public List<Expr> visit(OwnerGroupMatch match) {
        return id(Expr.Meta.SOCKET_GID, match.first(), match.last(), match.negated());
    }

    @Override
    public List<Expr> visit(OwnerSocketMatch match) {
        if (match.negated()) {
            throw new IllegalArgumentException("native nf_tables expressions can't express " + match);
        }
        // for a packet without a socket, loading the user ends the rule; every user is at least 0
        to.add(new Expr.Meta(Expr.Meta.SOCKET_UID));
        return add(new Expr.Cmp(Expr.Cmp.GTE, Octets.zeros(4)));
    }

    @Override
    public List<Expr> visit(CgroupMatch match) {
        if (match.negated()) {
            throw new IllegalArgumentException(
                    "native nf_tables expressions can't express that a socket's cgroup lies outside " + match.path()
                            + " (cgroups further up have none at that level, and no comparison with them is true)");
        }
        to.add(new Expr.Socket(Expr.Socket.CGROUP, match.path().split("/").length));
        return add(new Expr.Cmp(Expr.Cmp.EQ, Octets.host64(scope.names().cgroup(match.path()))));
    }

    @Override
    public List<Expr> visit(SocketMatch match) {
        // without a socket, loading any property ends the rule; the condition on the property may be one that always holds
        if (!match.anyAddress()) {
            to.add(new Expr.Socket(Expr.Socket.WILDCARD, 0));
            to.add(new Expr.Cmp(Expr.Cmp.EQ, Octets.u8(0)));
        }
        if (match.transparent()) {
            to.add(new Expr.Socket(Expr.Socket.TRANSPARENT, 0));
            to.add(new Expr.Cmp(Expr.Cmp.EQ, Octets.u8(1)));
        } else if (match.anyAddress()) {
            to.add(new Expr.Socket(Expr.Socket.TRANSPARENT, 0));
            to.add(new Expr.Cmp(Expr.Cmp.LTE, Octets.u8(1)));
        }
        return to;
    }

    /** An order needs network byte order, in which numbers are compared byte by byte. */
    @Override
    public List<Expr> visit(RandomMatch match) {
        to.add(new Expr.NumberGenerator(Expr.NumberGenerator.RANDOM, (int) RandomMatch.DRAWS));
        to.add(new Expr.ToNetwork(4, 4));
        return add(new Expr.Cmp(match.negated() ? Expr.Cmp.GTE : Expr.Cmp.LT, Octets.be32((int) match.draws())));
    }

    @Override
    public List<Expr> visit(NthMatch match) {
        to.add(new Expr.NumberGenerator(Expr.NumberGenerator.INCREMENTAL, (int) match.every()));
        return add(new Expr.Cmp(Expr.Cmp.op(match.negated()), Octets.host32((int) match.packet())));
    }

    @Override
    public List<Expr> visit(ConnlimitMatch match) {
        if (!match.isPerAddress()) {
            return add(connlimit(match));
        }
        IpFamily counted = family.or(scope.families()::single).orElseThrow(() -> new IllegalArgumentException(
                "native nf_tables expressions can't express the number of connections of each address of both families in one rule"));
        family(counted);
        to.add(new Expr.Payload(Expr.Payload.NETWORK, Basics.offset(counted, match.counted() == ConnlimitMatch.Counted.SOURCE),
                counted.bits() / 8));
        return add(new Expr.CountInSet(false, connlimit(match)));
    }

    /** The flag means "over", whatever its name; the kernel lists it only if it is set. */
    static Expr.Plain connlimit(ConnlimitMatch match) {
        return new Expr.Plain("connlimit", match.above() ? Map.of(CONNLIMIT_COUNT, (int) match.most(), CONNLIMIT_FLAGS, 1)
                : Map.of(CONNLIMIT_COUNT, (int) match.most()));
    }

    @Override
    public List<Expr> visit(CommentMatch match) {
        return add(new Expr.Comment(match.text()));
    }

    private List<Expr> anyBit(int key, int bits, boolean negated) {
        to.add(new Expr.Ct(key));
        to.add(new Expr.Bitwise(Octets.host32(bits), Octets.zeros(4)));
        return add(new Expr.Cmp(negated ? Expr.Cmp.EQ : Expr.Cmp.NEQ, Octets.zeros(4)));
    }

    /** Writes a condition on an id. A range needs network byte order, in which it can be compared byte by byte. */
    private List<Expr> id(int key, long first, long last, boolean negated) {
        to.add(new Expr.Meta(key));
        if (first == last) {
            return add(new Expr.Cmp(Expr.Cmp.op(negated), Octets.host32((int) first)));
        }
        to.add(new Expr.ToNetwork(4, 4));
        if (negated) {
            return add(new Expr.Range(true, Octets.be32((int) first), Octets.be32((int) last)));
        }
        to.add(new Expr.Cmp(Expr.Cmp.GTE, Octets.be32((int) first)));
        return add(new Expr.Cmp(Expr.Cmp.LTE, Octets.be32((int) last)));
    }
}

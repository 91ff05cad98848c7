package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.TransportMatch;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Writes conditions in native expressions: what one depends on, family or protocol, is asked for once before it. Not thread-safe. */
final class NativeMatches {
    private final List<Expr> to = new ArrayList<>(16);
    private final Scope scope;
    private Optional<IpFamily> family = Optional.empty();
    private Optional<Protocol> protocol = Optional.empty();

    NativeMatches(Scope scope) {
        this.scope = scope;
    }

    List<Expr> expressions() {
        return to;
    }

    /** Whether a condition makes one on the protocol superfluous. */
    static boolean asksForProtocol(Match match) {
        return match instanceof IcmpMatch || match instanceof TransportMatch t && !t.isHeaderAlone();
    }

    void family(IpFamily wanted) {
        if (scope.isInet() && family.isEmpty()) {
            to.add(new Expr.Meta(Expr.Meta.NFPROTO));
            to.add(new Expr.Cmp(Expr.Cmp.EQ, Bytes.u8(Basics.nfproto(wanted))));
            family = Optional.of(wanted);
        }
    }

    private void protocol(Protocol wanted, boolean negated) {
        if (protocol.isEmpty()) {
            Basics.protocol(to, wanted, negated);
            protocol = Optional.of(wanted);
        }
    }

    void add(Match match) {
        match.families().single().ifPresent(this::family);
        if (match instanceof InInterfaceMatch m) {
            Basics.name(to, Expr.Meta.IN_NAME, m.name(), m.negated(), true);
        } else if (match instanceof OutInterfaceMatch m) {
            Basics.name(to, Expr.Meta.OUT_NAME, m.name(), m.negated(), true);
        } else if (match instanceof ProtocolMatch m) {
            protocol(m.protocol(), m.negated());
        } else if (match instanceof SourceMatch m) {
            Basics.address(to, m.prefix(), true, m.negated());
        } else if (match instanceof DestinationMatch m) {
            Basics.address(to, m.prefix(), false, m.negated());
        } else if (match instanceof TransportMatch m) {
            protocol(m.protocol(), false);
            PortExprs.nft(to, m);
        } else if (match instanceof IcmpMatch m) {
            protocol(m.protocol(), false);
            to.add(new Expr.Payload(Expr.Payload.TRANSPORT, 0, m.code().isPresent() ? 2 : 1));
            to.add(new Expr.Cmp(Expr.Cmp.op(m.negated()), m.code().isPresent() ? Bytes.be16(m.type() << 8 | m.code().getAsInt()) : Bytes.u8(m.type())));
        } else if (match instanceof SetMatch m) {
            to.add(new Expr.Payload(Expr.Payload.NETWORK, Basics.offset(m.family(), m.side() == Side.SOURCE), m.family().bits() / 8));
            to.add(new Expr.Lookup(m.set(), m.negated()));
        } else if (match instanceof LimitMatch m) {
            to.add(new Expr.Limit(m.rate(), m.per().seconds(), m.burst()));
        } else if (!(match instanceof FamilyMatch)) {
            known(match);
        }
    }

    /** Conditions on what the kernel knows beside the packet. */
    private void known(Match match) {
        if (match instanceof MarkMatch m) {
            Basics.packetMark(to, m.mark(), m.negated());
        } else if (match instanceof ConnmarkMatch m) {
            to.add(new Expr.Ct(Expr.Ct.MARK));
            Basics.mark(to, m.mark(), m.negated());
        } else if (match instanceof ConntrackStateMatch m) {
            int bits = 0;
            for (ConntrackState state : m.states()) {
                bits |= NativeStates.bit(state);
            }
            anyBit(Expr.Ct.STATE, bits, m.negated());
        } else if (match instanceof ConntrackStatusMatch m) {
            int bits = 0;
            for (ConntrackStatus status : m.statuses()) {
                bits |= 1 << status.ordinal();
            }
            anyBit(Expr.Ct.STATUS, bits, m.negated());
        } else if (match instanceof OwnerUserMatch m) {
            id(Expr.Meta.SOCKET_UID, m.first(), m.last(), m.negated());
        } else if (match instanceof OwnerGroupMatch m) {
            id(Expr.Meta.SOCKET_GID, m.first(), m.last(), m.negated());
        } else if (match instanceof OwnerSocketMatch m && !m.negated()) {
            // a packet without a socket ends the rule when the user is loaded; every user is at least 0
            to.add(new Expr.Meta(Expr.Meta.SOCKET_UID));
            to.add(new Expr.Cmp(Expr.Cmp.GTE, Bytes.zeros(4)));
        } else if (match instanceof AddressTypeMatch m) {
            to.add(new Expr.Fib(Expr.Fib.ADDRESS_TYPE, m.side() == Side.SOURCE ? Expr.Fib.SOURCE : Expr.Fib.DESTINATION));
            to.add(new Expr.Cmp(Expr.Cmp.op(m.negated()), Bytes.host32(XtMatches.routeType(m.type()))));
        } else if (match instanceof SocketMatch m) {
            socket(m);
        } else if (match instanceof CgroupMatch m) {
            if (m.negated()) {
                throw new IllegalArgumentException("native nf_tables expressions can't express that a socket's cgroup lies outside " + m.path()
                        + " (cgroups further up have none at that level, and no comparison with them is true)");
            }
            to.add(new Expr.Socket(Expr.Socket.CGROUP, m.path().split("/").length));
            to.add(new Expr.Cmp(Expr.Cmp.EQ, Bytes.host64(scope.names().cgroup(m.path()))));
        } else {
            throw new IllegalArgumentException("native nf_tables expressions can't express " + match);
        }
    }

    private void anyBit(int key, int bits, boolean negated) {
        to.add(new Expr.Ct(key));
        to.add(new Expr.Bitwise(Bytes.host32(bits), Bytes.zeros(4)));
        to.add(new Expr.Cmp(negated ? Expr.Cmp.EQ : Expr.Cmp.NEQ, Bytes.zeros(4)));
    }

    /** A range needs the network's byte order, in which it can be compared byte by byte. */
    private void id(int key, long first, long last, boolean negated) {
        to.add(new Expr.Meta(key));
        if (first == last) {
            to.add(new Expr.Cmp(Expr.Cmp.op(negated), Bytes.host32((int) first)));
            return;
        }
        to.add(new Expr.ToNetwork(4, 4));
        if (negated) {
            to.add(new Expr.Range(true, Bytes.be32((int) first), Bytes.be32((int) last)));
        } else {
            to.add(new Expr.Cmp(Expr.Cmp.GTE, Bytes.be32((int) first)));
            to.add(new Expr.Cmp(Expr.Cmp.LTE, Bytes.be32((int) last)));
        }
    }

    /** Loading any property ends the rule if there is no socket; the condition on it may be one that always holds. */
    private void socket(SocketMatch match) {
        if (!match.anyAddress()) {
            to.add(new Expr.Socket(Expr.Socket.WILDCARD, 0));
            to.add(new Expr.Cmp(Expr.Cmp.EQ, Bytes.u8(0)));
        }
        if (match.transparent()) {
            to.add(new Expr.Socket(Expr.Socket.TRANSPARENT, 0));
            to.add(new Expr.Cmp(Expr.Cmp.EQ, Bytes.u8(1)));
        } else if (match.anyAddress()) {
            to.add(new Expr.Socket(Expr.Socket.TRANSPARENT, 0));
            to.add(new Expr.Cmp(Expr.Cmp.LTE, Bytes.u8(1)));
        }
    }
}

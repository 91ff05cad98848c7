package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.Mark;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import io.inpod.iptables.TargetVisitor;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.Logs;
import io.inpod.iptables.backend.internal.nft.expr.NatFlags;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.iptables.backend.internal.nft.expr.RawExprs;
import io.inpod.iptables.backend.internal.nft.expr.Verdicts;
import io.inpod.netns.IpFamily;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Writes targets in native expressions, to the end of those of a rule. */
final class NativeTargets implements TargetVisitor<List<Expr>> {
    static final int MASQ_FLAGS = 1;
    static final int REDIRECT_FLAGS = 3;
    static final int NAT_FLAGS = 7;
    static final int SNAT = 0;
    static final int DNAT = 1;
    static final int REJECT_ICMP = 0;
    static final int REJECT_RESET = 1;
    static final int REJECT_ICMPX = 2;
    static final int QUEUE = 1;
    static final int QUEUES = 2;
    static final int QUEUE_FLAGS = 3;
    static final int QUEUE_BYPASS = 1;
    static final int QUEUE_FANOUT = 2;

    /** Stores the number in the TCP option for the maximum segment size. */
    static final Expr.Plain SET_SEGMENT_SIZE = new Expr.Plain("exthdr", Map.of(2, (byte) 2, 3, 2, 4, 2, 6, 1, 7, 1));

    private final List<Expr> to;
    private final Scope scope;

    NativeTargets(List<Expr> to, Scope scope) {
        this.to = to;
        this.scope = scope;
    }

    @Override
    public List<Expr> visit(Target.Accept target) {
        return add(Verdicts.ACCEPT);
    }

    @Override
    public List<Expr> visit(Target.Drop target) {
        return add(Verdicts.DROP);
    }

    @Override
    public List<Expr> visit(Target.Return target) {
        return add(Verdicts.RETURN);
    }

    @Override
    public List<Expr> visit(Target.Reject target) {
        return add(reject(target.with()));
    }

    @Override
    public List<Expr> visit(Target.Jump target) {
        return add(Verdicts.jump(target));
    }

    @Override
    public List<Expr> visit(Target.Goto target) {
        return add(Verdicts.go(target));
    }

    @Override
    public List<Expr> visit(Target.Raw target) {
        return add(RawExprs.of(target));
    }

    @Override
    public List<Expr> visit(Target.Redirect target) {
        int last = ports(1, target.ports());
        return add(
                new Expr.Plain("redir", Map.of(1, 1, 2, last, REDIRECT_FLAGS, NatFlags.of(Optional.of(target.ports()), target.options()))));
    }

    @Override
    public List<Expr> visit(Target.Dnat target) {
        return nat(DNAT, target.addresses(), target.ports(), target.options());
    }

    @Override
    public List<Expr> visit(Target.Snat target) {
        return nat(SNAT, target.addresses(), target.ports(), target.options());
    }

    @Override
    public List<Expr> visit(Target.Masquerade target) {
        Map<Integer, Object> attributes = new HashMap<>();
        int flags = NatFlags.of(target.ports(), target.options());
        if (flags != 0) {
            attributes.put(MASQ_FLAGS, flags);
        }
        target.ports().ifPresent(ports -> attributes.putAll(Map.of(2, 1, 3, ports(1, ports))));
        return add(new Expr.Plain("masq", attributes));
    }

    @Override
    public List<Expr> visit(Target.Tproxy target) {
        to.add(new Expr.Immediate(1, Octets.be16(target.port())));
        to.add(new Expr.Plain("tproxy", Map.of(1, scope.families().single().map(Basics::nfproto).orElse(0), 3, 1)));
        setMark(target.mark(), new Expr.Meta(Expr.Meta.MARK), new Expr.SetMeta(Expr.Meta.MARK));
        return add(Verdicts.ACCEPT);
    }

    @Override
    public List<Expr> visit(Target.SetMark target) {
        return setMark(target.mark(), new Expr.Meta(Expr.Meta.MARK), new Expr.SetMeta(Expr.Meta.MARK));
    }

    @Override
    public List<Expr> visit(Target.SetConnmark target) {
        return setMark(target.mark(), new Expr.Ct(Expr.Ct.MARK), new Expr.SetCt(Expr.Ct.MARK));
    }

    @Override
    public List<Expr> visit(Target.RestoreConnmark target) {
        return copyMark(target, new Expr.Ct(Expr.Ct.MARK), target.connectionMask(), target.packetMask(), new Expr.SetMeta(Expr.Meta.MARK));
    }

    @Override
    public List<Expr> visit(Target.SaveConnmark target) {
        return copyMark(target, new Expr.Meta(Expr.Meta.MARK), target.packetMask(), target.connectionMask(), new Expr.SetCt(Expr.Ct.MARK));
    }

    @Override
    public List<Expr> visit(Target.ConntrackZone target) {
        to.add(new Expr.Immediate(1, Octets.host16(target.zone())));
        return add(new Expr.SetCt(Expr.Ct.ZONE));
    }

    @Override
    public List<Expr> visit(Target.NoTrack target) {
        return add(new Expr.Plain("notrack", Map.of()));
    }

    @Override
    public List<Expr> visit(Target.Log target) {
        return add(Logs.log(target));
    }

    @Override
    public List<Expr> visit(Target.Nflog target) {
        return add(Logs.nflog(target));
    }

    @Override
    public List<Expr> visit(Target.Nfqueue target) {
        return add(queue(target));
    }

    static Expr.Plain queue(Target.Nfqueue target) {
        int flags = (target.bypass() ? QUEUE_BYPASS : 0) | (target.fanout() ? QUEUE_FANOUT : 0);
        return new Expr.Plain("queue", Map.of(QUEUE, (short) target.first(), QUEUES, (short) (target.last() - target.first() + 1),
                QUEUE_FLAGS, (short) flags));
    }

    @Override
    public List<Expr> visit(Target.SetTcpMss target) {
        to.add(new Expr.Immediate(1, Octets.be16(target.mss())));
        return add(SET_SEGMENT_SIZE);
    }

    @Override
    public List<Expr> visit(Target.ClampTcpMss target) {
        to.add(new Expr.Route(Expr.Route.TCP_MSS));
        to.add(new Expr.ToNetwork(2, 2));
        return add(SET_SEGMENT_SIZE);
    }

    private List<Expr> add(Expr expression) {
        to.add(expression);
        return to;
    }

    /** Loads ports into registers, and returns the last of these. */
    private int ports(int register, Ports ports) {
        to.add(new Expr.Immediate(register, Octets.be16(ports.first())));
        if (ports.first() == ports.last()) {
            return register;
        }
        to.add(new Expr.Immediate(register + 1, Octets.be16(ports.last())));
        return register + 1;
    }

    private List<Expr> nat(int type, AddressRange addresses, Optional<Ports> ports, Set<NatOption> options) {
        Map<Integer, Object> attributes = new HashMap<>();
        to.add(new Expr.Immediate(1, Octets.of(addresses.first().getAddress())));
        int last = 1;
        if (!addresses.first().equals(addresses.last())) {
            to.add(new Expr.Immediate(++last, Octets.of(addresses.last().getAddress())));
        }
        attributes.putAll(Map.of(1, type, 2, Basics.nfproto(addresses.family()), 3, 1, 4, last, NAT_FLAGS,
                NatFlags.withAddresses(ports, options)));
        if (ports.isPresent()) {
            attributes.putAll(Map.of(5, last + 1, 6, ports(last + 1, ports.get())));
        }
        return add(new Expr.Plain("nat", attributes));
    }

    private List<Expr> setMark(Mark mark, Expr load, Expr store) {
        if (mark.mask() == -1) {
            to.add(new Expr.Immediate(1, Octets.host32(mark.value())));
        } else {
            to.add(load);
            to.add(new Expr.Bitwise(Octets.host32(~mark.mask()), Octets.host32(mark.value())));
        }
        return add(store);
    }

    private List<Expr> copyMark(Target target, Expr load, int copied, int replaced, Expr store) {
        if (replaced != -1) {
            throw new IllegalArgumentException("native nf_tables expressions can't express " + target
                    + ": they replace a whole mark, not some of its bits");
        }
        to.add(load);
        if (copied != -1) {
            to.add(new Expr.Bitwise(Octets.host32(copied), Octets.zeros(4)));
        }
        return add(store);
    }

    /** In an {@code inet} table, writes a code of both families, NFT_REJECT_ICMPX_. */
    private Expr reject(RejectWith with) {
        if (with == RejectWith.TCP_RESET) {
            return new Expr.Plain("reject", Map.of(1, REJECT_RESET, 2, (byte) 0));
        }
        return scope.isInet() ? new Expr.Plain("reject", Map.of(1, REJECT_ICMPX, 2, (byte) codeOfBoth(with)))
                : new Expr.Plain("reject", Map.of(1, REJECT_ICMP, 2, (byte) code(with, scope.families().single().orElseThrow())));
    }

    static int codeOfBoth(RejectWith with) {
        return switch (with) {
            case NO_ROUTE -> 0;
            case PORT_UNREACHABLE -> 1;
            case HOST_UNREACHABLE -> 2;
            case ADMIN_PROHIBITED -> 3;
            case TCP_RESET -> -1;
        };
    }

    /** The codes of RFC 792 and RFC 4443 for "unreachable". */
    static int code(RejectWith with, IpFamily family) {
        boolean v4 = family == IpFamily.V4;
        return switch (with) {
            case NO_ROUTE -> 0;
            case HOST_UNREACHABLE -> v4 ? 1 : 3;
            case PORT_UNREACHABLE -> v4 ? 3 : 4;
            case ADMIN_PROHIBITED -> v4 ? 13 : 1;
            case TCP_RESET -> -1;
        };
    }
}

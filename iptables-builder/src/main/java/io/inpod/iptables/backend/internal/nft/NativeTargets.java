package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Mark;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes targets in native expressions. */
final class NativeTargets {
    static final int ADDRESS_GIVEN = 1;
    static final int PORTS_GIVEN = 2;
    static final int SNAT = 0;
    static final int DNAT = 1;
    static final int REJECT_ICMP = 0;
    static final int REJECT_RESET = 1;
    static final int REJECT_ICMPX = 2;

    /** The option for the largest segment in the header of TCP: where in it the number is. */
    static final Expr.Plain SET_SEGMENT_SIZE = new Expr.Plain("exthdr", Map.of(2, (byte) 2, 3, 2, 4, 2, 6, 1, 7, 1));

    private NativeTargets() {
    }

    static void write(List<Expr> to, Target target, Scope scope) {
        if (target instanceof Target.Redirect t) {
            int last = ports(to, 1, t.ports());
            to.add(new Expr.Plain("redir", Map.of(1, 1, 2, last, 3, PORTS_GIVEN)));
        } else if (target instanceof Target.Masquerade) {
            to.add(new Expr.Plain("masq", Map.of()));
        } else if (target instanceof Target.Dnat t) {
            nat(to, DNAT, t.address(), t.ports());
        } else if (target instanceof Target.Snat t) {
            nat(to, SNAT, t.address(), t.ports());
        } else if (target instanceof Target.Tproxy t) {
            to.add(new Expr.Immediate(1, Bytes.be16(t.port())));
            to.add(new Expr.Plain("tproxy", Map.of(1, scope.families().single().map(Basics::nfproto).orElse(0), 3, 1)));
            setMark(to, t.mark(), new Expr.Meta(Expr.Meta.MARK), new Expr.SetMeta(Expr.Meta.MARK));
            to.add(new Expr.Verdict(Expr.Verdict.ACCEPT, null));
        } else if (target instanceof Target.SetMark t) {
            setMark(to, t.mark(), new Expr.Meta(Expr.Meta.MARK), new Expr.SetMeta(Expr.Meta.MARK));
        } else if (target instanceof Target.SetConnmark t) {
            setMark(to, t.mark(), new Expr.Ct(Expr.Ct.MARK), new Expr.SetCt(Expr.Ct.MARK));
        } else if (target instanceof Target.RestoreConnmark t) {
            copyMark(to, target, new Expr.Ct(Expr.Ct.MARK), t.connectionMask(), t.packetMask(), new Expr.SetMeta(Expr.Meta.MARK));
        } else if (target instanceof Target.SaveConnmark t) {
            copyMark(to, target, new Expr.Meta(Expr.Meta.MARK), t.packetMask(), t.connectionMask(), new Expr.SetCt(Expr.Ct.MARK));
        } else if (target instanceof Target.ConntrackZone t) {
            to.add(new Expr.Immediate(1, Bytes.host16(t.zone())));
            to.add(new Expr.SetCt(Expr.Ct.ZONE));
        } else if (target instanceof Target.NoTrack) {
            to.add(new Expr.Plain("notrack", Map.of()));
        } else if (target instanceof Target.Reject t) {
            to.add(reject(t.with(), scope));
        } else if (target instanceof Target.Log t) {
            to.add(Logs.log(t));
        } else if (target instanceof Target.Nflog t) {
            to.add(Logs.nflog(t));
        } else if (target instanceof Target.SetTcpMss t) {
            to.add(new Expr.Immediate(1, Bytes.be16(t.mss())));
            to.add(SET_SEGMENT_SIZE);
        } else if (target instanceof Target.ClampTcpMss) {
            to.add(new Expr.Route(Expr.Route.TCP_MSS));
            to.add(new Expr.ToNetwork(2, 2));
            to.add(SET_SEGMENT_SIZE);
        } else {
            to.add(Verdicts.of(target));
        }
    }

    /** Loads ports from a register on; the last register. */
    private static int ports(List<Expr> to, int register, Ports ports) {
        to.add(new Expr.Immediate(register, Bytes.be16(ports.first())));
        if (ports.first() == ports.last()) {
            return register;
        }
        to.add(new Expr.Immediate(register + 1, Bytes.be16(ports.last())));
        return register + 1;
    }

    private static void nat(List<Expr> to, int type, InetAddress address, Optional<Ports> ports) {
        Map<Integer, Object> attributes = new HashMap<>();
        to.add(new Expr.Immediate(1, Bytes.of(address.getAddress())));
        attributes.putAll(Map.of(1, type, 2, Basics.nfproto(IpFamily.of(address)), 3, 1, 4, 1, 7, ADDRESS_GIVEN));
        if (ports.isPresent()) {
            attributes.putAll(Map.of(5, 2, 6, ports(to, 2, ports.get()), 7, ADDRESS_GIVEN | PORTS_GIVEN));
        }
        to.add(new Expr.Plain("nat", attributes));
    }

    private static void setMark(List<Expr> to, Mark mark, Expr load, Expr store) {
        if (mark.mask() == -1) {
            to.add(new Expr.Immediate(1, Bytes.host32(mark.value())));
        } else {
            to.add(load);
            to.add(new Expr.Bitwise(Bytes.host32(~mark.mask()), Bytes.host32(mark.value())));
        }
        to.add(store);
    }

    private static void copyMark(List<Expr> to, Target target, Expr load, int copied, int replaced, Expr store) {
        if (replaced != -1) {
            throw new IllegalArgumentException("native nf_tables expressions can't express " + target
                    + ": they replace a whole mark, not some of its bits");
        }
        to.add(load);
        if (copied != -1) {
            to.add(new Expr.Bitwise(Bytes.host32(copied), Bytes.zeros(4)));
        }
        to.add(store);
    }

    /** In a rule for both families a code that both know, NFT_REJECT_ICMPX_. */
    private static Expr reject(RejectWith with, Scope scope) {
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

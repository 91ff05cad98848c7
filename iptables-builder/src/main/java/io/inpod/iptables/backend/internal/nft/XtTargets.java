package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Mark;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.Optional;

/**
 * Targets as those of x_tables, each with its struct from linux/netfilter/xt_*.h and its siblings, and the revision that iptables-nft
 * uses. {@link XtTargetReader} reads them.
 */
final class XtTargets {
    static final int MODE_SET = 0;
    static final int MODE_SAVE = 1;
    static final int MODE_RESTORE = 2;
    static final int MSS_CLAMP = 0xffff;
    static final int PREFIX_LENGTH = 30;
    private static final int ADDRESS_GIVEN = 1;
    private static final int PORTS_GIVEN = 2;

    private XtTargets() {
    }

    /** What iptables-nft writes for a target, unless that is a verdict. */
    static Expr of(Target target, IpFamily family) {
        if (target instanceof Target.Redirect t) {
            return range("REDIRECT", family, PORTS_GIVEN, Optional.of(t.ports()));
        } else if (target instanceof Target.Masquerade) {
            return range("MASQUERADE", family, 0, Optional.empty());
        } else if (target instanceof Target.Dnat t) {
            return dnat(t);
        } else if (target instanceof Target.Snat t) {
            return snat(t);
        } else if (target instanceof Target.Tproxy t) {
            return xt("TPROXY", 1, new Struct(26).u32(0, t.mark().mask()).u32(4, t.mark().value()).port(24, t.port()));
        } else if (target instanceof Target.SetMark t) {
            return xt("MARK", 2, new Struct(8).u32(0, t.mark().value()).u32(4, t.mark().mask()));
        } else if (target instanceof Target.SetConnmark t) {
            return connmark(t.mark().value(), t.mark().mask(), -1, MODE_SET);
        } else if (target instanceof Target.SaveConnmark t) {
            return connmark(0, t.connectionMask(), t.packetMask(), MODE_SAVE);
        } else if (target instanceof Target.RestoreConnmark t) {
            return connmark(0, t.connectionMask(), t.packetMask(), MODE_RESTORE);
        } else if (target instanceof Target.ConntrackZone t) {
            return xt("CT", 2, new Struct(72).u16(2, t.zone()));
        } else if (target instanceof Target.NoTrack) {
            return xt("CT", 2, new Struct(72).u16(0, 1));
        } else if (target instanceof Target.Reject t) {
            return xt("REJECT", 0, new Struct(4).u32(0, number(t.with(), family)));
        } else if (target instanceof Target.Log t) {
            return xt("LOG", 0, new Struct(2 + PREFIX_LENGTH).u8(0, t.level()).text(2, t.prefix()));
        } else if (target instanceof Target.SetTcpMss t) {
            return xt("TCPMSS", 0, new Struct(2).u16(0, t.mss()));
        } else if (target instanceof Target.ClampTcpMss) {
            return xt("TCPMSS", 0, new Struct(2).u16(0, MSS_CLAMP));
        } else if (target instanceof Target.Nflog t) {
            return Logs.nflog(t);
        }
        return Verdicts.of(target);
    }

    private static Expr.XtTarget xt(String name, int revision, Struct struct) {
        return new Expr.XtTarget(name, revision, struct.bytes());
    }

    /** A range of ports without address: struct nf_nat_ipv4_multi_range_compat, or struct nf_nat_range for IPv6. */
    private static Expr.XtTarget range(String name, IpFamily family, int flags, Optional<Ports> ports) {
        boolean v4 = family == IpFamily.V4;
        Struct struct = v4 ? new Struct(20).u32(0, 1).u32(4, flags) : new Struct(40).u32(0, flags);
        return xt(name, 0, ports(struct, v4 ? 16 : 36, ports));
    }

    private static Expr.XtTarget snat(Target.Snat target) {
        byte[] address = target.address().getAddress();
        if (IpFamily.of(target.address()) == IpFamily.V4) {
            return xt("SNAT", 0, ports(new Struct(20).u32(0, 1).u32(4, flags(target.ports())).bytes(8, address).bytes(12, address), 16, target.ports()));
        }
        return xt("SNAT", 1, ports(new Struct(40).u32(0, flags(target.ports())).bytes(4, address).bytes(20, address), 36, target.ports()));
    }

    /** Struct nf_nat_range2, for both families. */
    private static Expr.XtTarget dnat(Target.Dnat target) {
        byte[] address = target.address().getAddress();
        return xt("DNAT", 2, ports(new Struct(42).u32(0, flags(target.ports())).bytes(4, address).bytes(20, address), 36, target.ports()));
    }

    private static int flags(Optional<Ports> ports) {
        return ADDRESS_GIVEN | (ports.isPresent() ? PORTS_GIVEN : 0);
    }

    private static Struct ports(Struct struct, int offset, Optional<Ports> ports) {
        ports.ifPresent(p -> struct.port(offset, p.first()).port(offset + 2, p.last()));
        return struct;
    }

    /** The address that is given, at an offset that depends on revision and family. */
    static InetAddress address(Expr.XtTarget found, IpFamily family) {
        int at = found.name().equals("SNAT") && family == IpFamily.V4 ? 8 : 4;
        return Basics.address(found.info().slice(at, family.bits() / 8).array());
    }

    private static Expr.XtTarget connmark(int mark, int connectionMask, int packetMask, int mode) {
        return xt("CONNMARK", 2, new Struct(15).u32(0, mark).u32(4, connectionMask).u32(8, packetMask).u8(14, mode));
    }

    /** IPT_ICMP_ or IP6T_ICMP6_. */
    private static int number(RejectWith with, IpFamily family) {
        boolean v4 = family == IpFamily.V4;
        return switch (with) {
            case NO_ROUTE -> 0;
            case HOST_UNREACHABLE -> v4 ? 1 : 3;
            case PORT_UNREACHABLE -> v4 ? 3 : 4;
            case ADMIN_PROHIBITED -> v4 ? 8 : 1;
            case TCP_RESET -> v4 ? 7 : 6;
        };
    }

    static Mark mark(Bytes info, int value, int mask) {
        return new Mark(info.hostInt(value), info.hostInt(mask));
    }
}

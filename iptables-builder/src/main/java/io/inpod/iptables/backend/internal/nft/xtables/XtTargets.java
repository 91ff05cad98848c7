package io.inpod.iptables.backend.internal.nft.xtables;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.Mark;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import io.inpod.iptables.TargetVisitor;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.NatFlags;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.iptables.backend.internal.nft.expr.RawExprs;
import io.inpod.iptables.backend.internal.nft.expr.Verdicts;
import io.inpod.netns.IpFamily;
import java.util.Optional;
import java.util.Set;

/**
 * Targets as those of x_tables, each with its struct from linux/netfilter/xt_*.h and its siblings, and the revision that iptables-nft
 * uses. {@link XtTargetReader} reads them.
 */
public final class XtTargets implements TargetVisitor<Expr> {
    static final int MODE_SET = 0;
    static final int MODE_SAVE = 1;
    static final int MODE_RESTORE = 2;
    static final int MSS_CLAMP = 0xffff;
    static final int NFLOG_PREFIX = 12;
    static final int NFLOG_PREFIX_LENGTH = 64;
    static final int PREFIX_LENGTH = 30;
    static final int QUEUE_BYPASS = 1;
    static final int QUEUE_FANOUT = 2;

    private static final XtTargets V4 = new XtTargets(IpFamily.V4);
    private static final XtTargets V6 = new XtTargets(IpFamily.V6);

    private final IpFamily family;

    private XtTargets(IpFamily family) {
        this.family = family;
    }

    /** Returns the target that iptables-nft writes in a table of a family. */
    public static Expr of(Target target, IpFamily family) {
        return target.accept(family == IpFamily.V4 ? V4 : V6);
    }

    @Override
    public Expr visit(Target.Accept target) {
        return Verdicts.ACCEPT;
    }

    @Override
    public Expr visit(Target.Drop target) {
        return Verdicts.DROP;
    }

    @Override
    public Expr visit(Target.Return target) {
        return Verdicts.RETURN;
    }

    @Override
    public Expr visit(Target.Reject target) {
        return xt("REJECT", 0, new Struct(4).u32(0, number(target.with())));
    }

    @Override
    public Expr visit(Target.Jump target) {
        return Verdicts.jump(target);
    }

    @Override
    public Expr visit(Target.Goto target) {
        return Verdicts.go(target);
    }

    @Override
    public Expr visit(Target.Raw target) {
        return RawExprs.of(target);
    }

    @Override
    public Expr visit(Target.Redirect target) {
        return range("REDIRECT", Optional.of(target.ports()), target.options());
    }

    @Override
    public Expr visit(Target.Dnat target) {
        // struct nf_nat_range2, for both families
        int flags = NatFlags.withAddresses(target.ports(), target.options());
        return xt("DNAT", 2, ports(addresses(new Struct(42).u32(0, flags), 4, 20, target.addresses()), 36, target.ports()));
    }

    @Override
    public Expr visit(Target.Snat target) {
        int flags = NatFlags.withAddresses(target.ports(), target.options());
        if (target.addresses().family() == IpFamily.V4) {
            return xt("SNAT", 0, ports(addresses(new Struct(20).u32(0, 1).u32(4, flags), 8, 12, target.addresses()), 16, target.ports()));
        }
        return xt("SNAT", 1, ports(addresses(new Struct(40).u32(0, flags), 4, 20, target.addresses()), 36, target.ports()));
    }

    @Override
    public Expr visit(Target.Masquerade target) {
        return range("MASQUERADE", target.ports(), target.options());
    }

    @Override
    public Expr visit(Target.Tproxy target) {
        return xt("TPROXY", 1, new Struct(26).u32(0, target.mark().mask()).u32(4, target.mark().value()).port(24, target.port()));
    }

    @Override
    public Expr visit(Target.SetMark target) {
        return xt("MARK", 2, new Struct(8).u32(0, target.mark().value()).u32(4, target.mark().mask()));
    }

    @Override
    public Expr visit(Target.SetConnmark target) {
        return connmark(target.mark().value(), target.mark().mask(), -1, MODE_SET);
    }

    @Override
    public Expr visit(Target.RestoreConnmark target) {
        return connmark(0, target.connectionMask(), target.packetMask(), MODE_RESTORE);
    }

    @Override
    public Expr visit(Target.SaveConnmark target) {
        return connmark(0, target.connectionMask(), target.packetMask(), MODE_SAVE);
    }

    @Override
    public Expr visit(Target.ConntrackZone target) {
        return xt("CT", 2, new Struct(72).u16(2, target.zone()));
    }

    @Override
    public Expr visit(Target.NoTrack target) {
        return xt("CT", 2, new Struct(72).u16(0, 1));
    }

    @Override
    public Expr visit(Target.Log target) {
        return xt("LOG", 0, new Struct(2 + PREFIX_LENGTH).u8(0, target.level()).text(2, target.prefix()));
    }

    @Override
    public Expr visit(Target.Nflog target) {
        // struct xt_nflog_info; the native expression hides the whole table from iptables-nft before 1.8.8
        return xt("NFLOG", 0, new Struct(NFLOG_PREFIX + NFLOG_PREFIX_LENGTH).u16(4, target.group()).text(NFLOG_PREFIX, target.prefix()));
    }

    @Override
    public Expr visit(Target.Nfqueue target) {
        // struct xt_NFQ_info_v3: the first queue, their number, flags
        int flags = (target.bypass() ? QUEUE_BYPASS : 0) | (target.fanout() ? QUEUE_FANOUT : 0);
        return xt("NFQUEUE", 3, new Struct(6).u16(0, target.first()).u16(2, target.last() - target.first() + 1).u16(4, flags));
    }

    @Override
    public Expr visit(Target.SetTcpMss target) {
        return xt("TCPMSS", 0, new Struct(2).u16(0, target.mss()));
    }

    @Override
    public Expr visit(Target.ClampTcpMss target) {
        return xt("TCPMSS", 0, new Struct(2).u16(0, MSS_CLAMP));
    }

    private static Expr.XtTarget xt(String name, int revision, Struct struct) {
        return new Expr.XtTarget(name, revision, struct.bytes());
    }

    /** A range of ports without address: struct nf_nat_ipv4_multi_range_compat, or struct nf_nat_range for IPv6. */
    private Expr.XtTarget range(String name, Optional<Ports> ports, Set<NatOption> options) {
        boolean v4 = family == IpFamily.V4;
        int flags = NatFlags.of(ports, options);
        Struct struct = v4 ? new Struct(20).u32(0, 1).u32(4, flags) : new Struct(40).u32(0, flags);
        return xt(name, 0, ports(struct, v4 ? 16 : 36, ports));
    }

    private static Struct addresses(Struct struct, int first, int last, AddressRange addresses) {
        return struct.bytes(first, addresses.first().getAddress()).bytes(last, addresses.last().getAddress());
    }

    private static Struct ports(Struct struct, int offset, Optional<Ports> ports) {
        ports.ifPresent(p -> struct.port(offset, p.first()).port(offset + 2, p.last()));
        return struct;
    }

    /** The options that are given, at an offset that depends on revision and family. */
    static Set<NatOption> options(Expr.XtTarget found, IpFamily family) {
        return NatFlags.options(found.info().hostInt(family == IpFamily.V4 && !found.name().equals("DNAT") ? 4 : 0));
    }

    /** The addresses that are given, at offsets that depend on revision and family. */
    static AddressRange addresses(Expr.XtTarget found, IpFamily family) {
        boolean v4Source = found.name().equals("SNAT") && family == IpFamily.V4;
        int bytes = family.bits() / 8;
        return new AddressRange(Basics.address(found.info().slice(v4Source ? 8 : 4, bytes).array()),
                Basics.address(found.info().slice(v4Source ? 12 : 20, bytes).array()));
    }

    private static Expr.XtTarget connmark(int mark, int connectionMask, int packetMask, int mode) {
        return xt("CONNMARK", 2, new Struct(15).u32(0, mark).u32(4, connectionMask).u32(8, packetMask).u8(14, mode));
    }

    /** IPT_ICMP_ or IP6T_ICMP6_. */
    private int number(RejectWith with) {
        boolean v4 = family == IpFamily.V4;
        return switch (with) {
            case NO_ROUTE -> 0;
            case HOST_UNREACHABLE -> v4 ? 1 : 3;
            case PORT_UNREACHABLE -> v4 ? 3 : 4;
            case ADMIN_PROHIBITED -> v4 ? 8 : 1;
            case TCP_RESET -> v4 ? 7 : 6;
        };
    }

    static Mark mark(Octets info, int value, int mask) {
        return new Mark(info.hostInt(value), info.hostInt(mask));
    }
}

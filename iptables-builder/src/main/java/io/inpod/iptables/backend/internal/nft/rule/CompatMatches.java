package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.PortSetMatch;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.ProtocolNumberMatch;
import io.inpod.iptables.RandomMatch;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.xtables.XtConntrack;
import io.inpod.iptables.backend.internal.nft.xtables.XtCounts;
import io.inpod.iptables.backend.internal.nft.xtables.XtMatches;
import java.util.List;

/**
 * Writes conditions in expressions that every iptables-nft since 1.8.4 lists, to the end of a rule's expressions. For ports, flags and
 * marks, these are matches of x_tables: iptables-nft 1.8.8 and later write and read native expressions, but earlier versions list a rule
 * without them, and say nothing. Parts of an address, which 1.8.7 and later compare alone, are masked.
 */
final class CompatMatches extends CommonMatches {
    CompatMatches(List<Expr> to, Scope scope) {
        super(to, scope);
    }

    @Override
    public List<Expr> visit(InInterfaceMatch match) {
        return Basics.name(to, Expr.Meta.IN_NAME, match.name(), match.negated(), false);
    }

    @Override
    public List<Expr> visit(OutInterfaceMatch match) {
        return Basics.name(to, Expr.Meta.OUT_NAME, match.name(), match.negated(), false);
    }

    @Override
    public List<Expr> visit(ProtocolMatch match) {
        return Basics.protocol(to, match.protocol().number(), match.negated());
    }

    @Override
    public List<Expr> visit(ProtocolNumberMatch match) {
        return Basics.protocol(to, match.number(), match.negated());
    }

    @Override
    public List<Expr> visit(TransportMatch match) {
        return add(XtMatches.transport(match));
    }

    @Override
    public List<Expr> visit(MarkMatch match) {
        return add(XtMatches.mark(match));
    }

    @Override
    public List<Expr> visit(SourceMatch match) {
        return Basics.wholeAddress(to, match.prefix(), true, match.negated());
    }

    @Override
    public List<Expr> visit(DestinationMatch match) {
        return Basics.wholeAddress(to, match.prefix(), false, match.negated());
    }

    @Override
    public List<Expr> visit(MultiportMatch match) {
        return add(XtMatches.multiport(match));
    }

    @Override
    public List<Expr> visit(IcmpMatch match) {
        return add(XtMatches.icmp(match));
    }

    @Override
    public List<Expr> visit(ConnmarkMatch match) {
        return add(XtMatches.connmark(match));
    }

    @Override
    public List<Expr> visit(ConntrackStateMatch match) {
        return add(XtConntrack.state(match));
    }

    @Override
    public List<Expr> visit(ConntrackStatusMatch match) {
        return add(XtConntrack.status(match));
    }

    @Override
    public List<Expr> visit(SetMatch match) {
        return add(XtMatches.set(match, scope.names()));
    }

    @Override
    public List<Expr> visit(PortSetMatch match) {
        return add(XtMatches.set(match, scope.names()));
    }

    @Override
    public List<Expr> visit(AddressRangeMatch match) {
        return add(XtMatches.addressRange(match));
    }

    @Override
    public List<Expr> visit(AddressTypeMatch match) {
        return add(XtMatches.addressType(match));
    }

    @Override
    public List<Expr> visit(OwnerUserMatch match) {
        return add(XtMatches.owner(match));
    }

    @Override
    public List<Expr> visit(OwnerGroupMatch match) {
        return add(XtMatches.owner(match));
    }

    @Override
    public List<Expr> visit(OwnerSocketMatch match) {
        return add(XtMatches.owner(match));
    }

    @Override
    public List<Expr> visit(CgroupMatch match) {
        return add(XtMatches.cgroup(match));
    }

    @Override
    public List<Expr> visit(SocketMatch match) {
        return add(XtMatches.socket(match));
    }

    @Override
    public List<Expr> visit(RandomMatch match) {
        return add(XtCounts.random(match));
    }

    @Override
    public List<Expr> visit(NthMatch match) {
        return add(XtCounts.nth(match));
    }

    @Override
    public List<Expr> visit(ConnlimitMatch match) {
        return add(XtCounts.connlimit(match, scope.families().single().orElseThrow()));
    }

    @Override
    public List<Expr> visit(CommentMatch match) {
        return add(XtMatches.comment(match));
    }
}

package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.Limit;
import io.inpod.iptables.Match;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Rule;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.SocketMatch;
import java.util.ArrayList;
import java.util.List;

/**
 * Rules as iptables-nft 1.8.9 writes them: interfaces, protocol, addresses, ports, marks and limits as native expressions, the rest as
 * matches and targets of x_tables. Only so does iptables-save list them.
 */
final class CompatLayout implements RuleLayout {
    /** A rule's own order is that of iptables-save: addresses, interfaces, protocol, the rest. Here interfaces and protocol come first. */
    @Override
    public List<Expr> expressions(Rule rule, Scope scope) {
        List<Expr> to = new ArrayList<>(12);
        List<Match> matches = rule.matches();
        int addresses = 0;
        int basics = 0;
        while (basics < matches.size() && !isInterfaceOrLater(matches.get(basics))) {
            addresses += matches.get(basics++) instanceof Match.Family ? 1 : 0;
        }
        int others = basics;
        while (others < matches.size() && matches.get(others) instanceof Match.Basic) {
            match(to, matches.get(others++), scope);
        }
        for (int i = addresses; i < basics; i++) {
            match(to, matches.get(i), scope);
        }
        for (int i = others; i < matches.size(); i++) {
            match(to, matches.get(i), scope);
        }
        to.add(new Expr.Counter());
        to.add(XtTargets.of(rule.target(), scope.families().single().orElseThrow()));
        return to;
    }

    private static boolean isInterfaceOrLater(Match match) {
        return !(match instanceof Match.Family || match instanceof Match.Source || match instanceof Match.Destination);
    }

    private static void match(List<Expr> to, Match match, Scope scope) {
        if (match instanceof Match.InInterface m) {
            Basics.name(to, Expr.Meta.IN_NAME, m.name(), m.negated(), false);
        } else if (match instanceof Match.OutInterface m) {
            Basics.name(to, Expr.Meta.OUT_NAME, m.name(), m.negated(), false);
        } else if (match instanceof Match.IpProtocol m) {
            Basics.protocol(to, m.protocol(), m.negated());
        } else if (match instanceof Match.Source m) {
            Basics.address(to, m.prefix(), true, m.negated());
        } else if (match instanceof Match.Destination m) {
            Basics.address(to, m.prefix(), false, m.negated());
        } else if (match instanceof Match.Transport m) {
            if (PortExprs.isHeaderAlone(m)) {
                to.add(XtMatches.header(m.protocol()));
            } else {
                PortExprs.compat(to, m);
            }
        } else if (match instanceof Match.PacketMark m) {
            Basics.packetMark(to, m.mark(), m.negated());
        } else if (match instanceof Limit m) {
            to.add(new Expr.Limit(m.rate(), m.per().seconds(), m.burst()));
        } else {
            to.add(xt(match, scope));
        }
    }

    private static Expr xt(Match match, Scope scope) {
        if (match instanceof Match.ConnectionMark m) {
            return XtMatches.connmark(m);
        } else if (match instanceof Match.Conntrack m) {
            return XtConntrack.state(m);
        } else if (match instanceof ConntrackStatusMatch m) {
            return XtConntrack.status(m);
        } else if (match instanceof SetMatch m) {
            return XtMatches.set(m, scope.names());
        } else if (match instanceof IcmpMatch m) {
            return XtMatches.icmp(m);
        } else if (match instanceof AddressTypeMatch m) {
            return XtMatches.addressType(m);
        } else if (match instanceof CommentMatch m) {
            return XtMatches.comment(m);
        } else if (match instanceof OwnerUserMatch m) {
            return XtMatches.owner(m);
        } else if (match instanceof OwnerGroupMatch m) {
            return XtMatches.owner(m);
        } else if (match instanceof OwnerSocketMatch m) {
            return XtMatches.owner(m);
        } else if (match instanceof CgroupMatch m) {
            return XtMatches.cgroup(m);
        } else if (match instanceof SocketMatch m) {
            return XtMatches.socket(m);
        }
        throw new IllegalArgumentException("nf_tables messages for iptables can't express " + match);
    }
}

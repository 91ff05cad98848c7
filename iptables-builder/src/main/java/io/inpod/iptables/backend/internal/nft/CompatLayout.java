package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.BasicMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackStateMatch;
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
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.Rule;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.TransportMatch;
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
            addresses += matches.get(basics++) instanceof FamilyMatch ? 1 : 0;
        }
        int others = basics;
        while (others < matches.size() && matches.get(others) instanceof BasicMatch) {
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
        return !(match instanceof FamilyMatch || match instanceof SourceMatch || match instanceof DestinationMatch);
    }

    private static void match(List<Expr> to, Match match, Scope scope) {
        if (match instanceof InInterfaceMatch m) {
            Basics.name(to, Expr.Meta.IN_NAME, m.name(), m.negated(), false);
        } else if (match instanceof OutInterfaceMatch m) {
            Basics.name(to, Expr.Meta.OUT_NAME, m.name(), m.negated(), false);
        } else if (match instanceof ProtocolMatch m) {
            Basics.protocol(to, m.protocol(), m.negated());
        } else if (match instanceof SourceMatch m) {
            Basics.address(to, m.prefix(), true, m.negated());
        } else if (match instanceof DestinationMatch m) {
            Basics.address(to, m.prefix(), false, m.negated());
        } else if (match instanceof TransportMatch m) {
            if (m.isHeaderAlone()) {
                to.add(XtMatches.header(m.protocol()));
            } else {
                PortExprs.compat(to, m);
            }
        } else if (match instanceof MarkMatch m) {
            Basics.packetMark(to, m.mark(), m.negated());
        } else if (match instanceof LimitMatch m) {
            to.add(new Expr.Limit(m.rate(), m.per().seconds(), m.burst()));
        } else {
            to.add(xt(match, scope));
        }
    }

    private static Expr xt(Match match, Scope scope) {
        if (match instanceof ConnmarkMatch m) {
            return XtMatches.connmark(m);
        } else if (match instanceof ConntrackStateMatch m) {
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

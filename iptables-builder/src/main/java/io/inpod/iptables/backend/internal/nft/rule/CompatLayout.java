package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.BasicMatch;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.RawExprs;
import io.inpod.iptables.backend.internal.nft.xtables.XtTargets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes rules as iptables-nft 1.8.4 to 1.8.7 do: interfaces, protocol, addresses and limits as native expressions, the rest as matches and
 * targets of x_tables. iptables-save lists only rules in this layout. Checked with iptables 1.8.9; for other versions after their sources.
 */
public final class CompatLayout implements RuleLayout {
    /** Writes interfaces and protocol first; the conditions of a rule are in the order of iptables-save, with addresses first. */
    @Override
    public List<Expr> expressions(Rule rule, Scope scope) {
        if (rule.target() instanceof Target.Raw raw) {
            return RawExprs.of(raw, rule.matches(), FamilyScope.BOTH); // each family has tables of its own
        }
        List<Expr> to = new ArrayList<>(12);
        CompatMatches write = new CompatMatches(to, scope);
        List<Match> matches = rule.matches();
        int addresses = 0;
        int basics = 0;
        while (basics < matches.size() && !isInterfaceOrLater(matches.get(basics))) {
            addresses += matches.get(basics++) instanceof FamilyMatch ? 1 : 0;
        }
        int others = basics;
        while (others < matches.size() && matches.get(others) instanceof BasicMatch) {
            matches.get(others++).accept(write);
        }
        for (int i = addresses; i < basics; i++) {
            matches.get(i).accept(write);
        }
        for (int i = others; i < matches.size(); i++) {
            matches.get(i).accept(write);
        }
        to.add(Expr.Counter.ZERO);
        to.add(XtTargets.of(rule.target(), scope.families().single().orElseThrow()));
        return to;
    }

    private static boolean isInterfaceOrLater(Match match) {
        return !(match instanceof FamilyMatch || match instanceof SourceMatch || match instanceof DestinationMatch);
    }
}

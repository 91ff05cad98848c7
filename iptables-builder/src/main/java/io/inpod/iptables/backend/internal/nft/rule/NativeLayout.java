package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.ProtocolNumberMatch;
import io.inpod.iptables.RandomMatch;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Target;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.RawExprs;
import java.util.List;

/** Writes rules in native expressions, as nft does. */
public final class NativeLayout implements RuleLayout {
    @Override
    public List<Expr> expressions(Rule rule, Scope scope) {
        if (rule.target() instanceof Target.Raw raw) {
            return RawExprs.of(raw, rule.matches(), scope.families());
        }
        checkOnce(rule);
        NativeMatches to = new NativeMatches(scope);
        for (Match match : rule.matches()) {
            if (match instanceof FamilyMatch || match instanceof InInterfaceMatch) {
                to.add(match);
            }
        }
        if (rule.families() == FamilyScope.BOTH && scope.isInet()) {
            scope.families().single().ifPresent(to::family);
        }
        boolean counted = false;
        for (Match match : rule.matches()) {
            counted |= match.isCounting();
        }
        if (counted && scope.isInet()) { // it counts what comes before it
            rule.families().single().ifPresent(to::family);
        }
        // a condition on a port or type includes one on the protocol
        boolean implied = false;
        for (Match match : rule.matches()) {
            implied |= NativeMatches.asksForProtocol(match) && !counted;
            if (match instanceof OutInterfaceMatch) {
                to.add(match);
            }
        }
        for (Match match : rule.matches()) {
            if (match instanceof ProtocolNumberMatch || match instanceof ProtocolMatch && !implied) {
                to.add(match);
            }
        }
        for (Match match : rule.matches()) {
            boolean elsewhere = match instanceof FamilyMatch || match instanceof InInterfaceMatch || match instanceof OutInterfaceMatch
                    || match instanceof ProtocolMatch || match instanceof ProtocolNumberMatch || match instanceof CommentMatch;
            if (!elsewhere) {
                to.add(match);
            }
        }
        rule.target().families().single().ifPresent(to::family);
        List<Expr> expressions = to.expressions();
        boolean commented = rule.matches().stream().anyMatch(CommentMatch.class::isInstance);
        if (rule.target().destination().isEmpty() || commented) {
            expressions.add(Expr.Counter.ZERO); // a jump needs none: the rules that it leads to have counters
        }
        rule.target().accept(new NativeTargets(expressions, scope));
        int index = 0; // as it is read back: without the condition on the family
        for (Match match : rule.matches()) {
            if (match instanceof TransportMatch t && t.isHeaderAlone()) {
                expressions.add(new Expr.HeaderMatch(index));
            }
            index += match instanceof FamilyMatch ? 0 : 1;
        }
        for (Match match : rule.matches()) {
            if (match instanceof CommentMatch) {
                to.add(match);
            }
        }
        return expressions;
    }

    /** TPROXY takes two rules, of which the second drops what no socket receives: its conditions would be counted or drawn twice. */
    private static void checkOnce(Rule rule) {
        if (rule.target() instanceof Target.Tproxy) {
            for (Match match : rule.matches()) {
                if (match.isCounting() || match instanceof RandomMatch) {
                    throw new IllegalArgumentException(
                            "native nf_tables expressions can't express TPROXY with " + match + ", which would be counted or drawn twice");
                }
            }
        }
    }
}

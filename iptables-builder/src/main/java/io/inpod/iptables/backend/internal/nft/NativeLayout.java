package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import java.util.ArrayList;
import java.util.List;

/** Rules in native expressions, as nft writes them. */
final class NativeLayout implements RuleLayout {
    @Override
    public List<Expr> expressions(Rule rule, Scope scope) {
        NativeMatches to = new NativeMatches(scope);
        for (Match match : rule.matches()) {
            if (match instanceof Match.Family || match instanceof Match.InInterface) {
                to.add(match);
            }
        }
        if (rule.onlyFamily().isEmpty() && scope.isInet()) {
            scope.only().ifPresent(to::family);
        }
        // a condition on a port or type asks for the protocol by itself, where it stands
        boolean implied = false;
        for (Match match : rule.matches()) {
            implied |= NativeMatches.asksForProtocol(match);
            if (match instanceof Match.OutInterface) {
                to.add(match);
            }
        }
        for (Match match : rule.matches()) {
            if (match instanceof Match.IpProtocol && !implied) {
                to.add(match);
            }
        }
        for (Match match : rule.matches()) {
            boolean done = match instanceof Match.Basic && !(match instanceof Match.Source || match instanceof Match.Destination);
            if (!done && !(match instanceof CommentMatch)) {
                to.add(match);
            }
        }
        rule.target().onlyFamily().ifPresent(to::family);
        List<Expr> expressions = new ArrayList<>(to.expressions());
        if (rule.target().destination().isEmpty()) {
            expressions.add(new Expr.Counter()); // of what only leads on, the rules that it leads to have counters
        }
        NativeTargets.write(expressions, rule.target(), scope);
        int index = 0; // as it will be read: without the condition on the family
        for (Match match : rule.matches()) {
            if (match instanceof Match.Transport t && PortExprs.isHeaderAlone(t)) {
                expressions.add(new Expr.HeaderMatch(index));
            }
            index += match instanceof Match.Family ? 0 : 1;
        }
        for (Match match : rule.matches()) {
            if (match instanceof CommentMatch comment) {
                expressions.add(new Expr.Comment(comment.text()));
            }
        }
        return expressions;
    }
}

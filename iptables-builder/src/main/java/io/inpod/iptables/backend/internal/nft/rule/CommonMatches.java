package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.MatchVisitor;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import java.util.List;

/** Writes the conditions that iptables-nft and nft express in the same way to the end of a rule's expressions. */
abstract class CommonMatches implements MatchVisitor<List<Expr>> {
    final List<Expr> to;
    final Scope scope;

    CommonMatches(List<Expr> to, Scope scope) {
        this.to = to;
        this.scope = scope;
    }

    final List<Expr> add(Expr expression) {
        to.add(expression);
        return to;
    }

    @Override
    public List<Expr> visit(FamilyMatch match) {
        return to; // the table is of this family, or the condition has been written before
    }

    @Override
    public List<Expr> visit(SourceMatch match) {
        return Basics.address(to, match.prefix(), true, match.negated());
    }

    @Override
    public List<Expr> visit(DestinationMatch match) {
        return Basics.address(to, match.prefix(), false, match.negated());
    }

    @Override
    public List<Expr> visit(MarkMatch match) {
        return Basics.packetMark(to, match.mark(), match.negated());
    }

    @Override
    public List<Expr> visit(LimitMatch match) {
        return add(new Expr.Limit(match.rate(), match.per().seconds(), match.burst()));
    }
}

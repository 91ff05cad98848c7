package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.Rule;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import java.util.List;

/** A way to write rules as expressions. {@link RuleReader} reads all layouts. */
public interface RuleLayout {
    /**
     * Writes a rule.
     *
     * @throws IllegalArgumentException naming the part that cannot be expressed
     */
    List<Expr> expressions(Rule rule, Scope scope);
}

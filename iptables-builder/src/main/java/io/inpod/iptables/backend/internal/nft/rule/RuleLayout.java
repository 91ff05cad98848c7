package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.Rule;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import java.util.List;

/** How a rule is written. {@link RuleReader} reads all of them. */
public interface RuleLayout {
    /**
     * Writes a rule.
     *
     * @throws IllegalArgumentException naming what can't be expressed
     */
    List<Expr> expressions(Rule rule, Scope scope);
}

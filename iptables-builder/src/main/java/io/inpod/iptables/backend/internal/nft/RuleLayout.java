package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Rule;
import java.util.List;

/** How a rule is written. {@link RuleReader} reads all of them. */
interface RuleLayout {
    /**
     * Writes a rule.
     *
     * @throws IllegalArgumentException naming what can't be expressed
     */
    List<Expr> expressions(Rule rule, Scope scope);
}

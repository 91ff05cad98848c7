package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Rule;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.rule.RuleLayout;
import io.inpod.iptables.backend.internal.nft.rule.Scope;
import java.util.List;

/**
 * The place of a rule or chain, for errors.
 *
 * @param rule counted from 1; 0 for the chain itself
 */
record Place(String table, String chain, int rule) {
    /**
     * Writes the rule at this place.
     *
     * @throws IllegalArgumentException naming the place and the part that cannot be expressed
     */
    List<Expr> write(RuleLayout layout, Rule what, Scope scope) {
        try {
            return layout.expressions(what, scope);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(this + ": " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return table + " " + chain + (rule > 0 ? " rule " + rule : "");
    }
}

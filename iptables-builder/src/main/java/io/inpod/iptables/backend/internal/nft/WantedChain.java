package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Rule;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A wanted chain.
 *
 * @param base how it is hooked, or null if it is no base chain
 * @param shared whether other programs may have rules in it
 * @param first whether its rules come before theirs
 * @param rules its rules
 */
record WantedChain(String name, @Nullable BaseChain base, boolean shared, boolean first, List<WantedRule> rules) {
    /**
     * A wanted rule.
     *
     * @param place its place, for errors
     * @param expressions its expressions as they are sent
     */
    record WantedRule(Place place, Rule rule, List<Expr> expressions) {
        @Override
        public String toString() {
            return place.toString();
        }
    }
}

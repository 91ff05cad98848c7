package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Rule;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A chain as it shall be.
 *
 * @param base how packets enter it by themselves, or null
 * @param shared whether others have rules in it too
 * @param first whether its rules come before theirs
 * @param rules its rules
 */
record WantedChain(String name, @Nullable BaseChain base, boolean shared, boolean first, List<WantedRule> rules) {
    /**
     * A rule as it shall be.
     *
     * @param place where, for errors
     * @param expressions as they are sent
     */
    record WantedRule(Place place, Rule rule, List<Expr> expressions) {
        @Override
        public String toString() {
            return place.toString();
        }
    }
}

package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import java.util.Optional;

/** Reads the expression {@code limit}. */
final class LimitReader {
    private LimitReader() {}

    static Optional<LimitMatch> read(Expr.Limit limit) {
        for (LimitMatch.Per per : LimitMatch.Per.values()) {
            if (per.seconds() == limit.seconds() && limit.rate() > 0 && limit.rate() <= Integer.MAX_VALUE) {
                return Optional.of(new LimitMatch((int) limit.rate(), per, limit.burst()));
            }
        }
        return Optional.empty();
    }
}

package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Limit;
import java.util.Optional;

/** Reads the expression {@code limit}. */
final class LimitReader {
    private LimitReader() {
    }

    static Optional<Limit> read(Expr.Limit limit) {
        for (Limit.Per per : Limit.Per.values()) {
            if (per.seconds() == limit.seconds() && limit.rate() > 0 && limit.rate() <= Integer.MAX_VALUE) {
                return Optional.of(new Limit((int) limit.rate(), per, limit.burst()));
            }
        }
        return Optional.empty();
    }
}

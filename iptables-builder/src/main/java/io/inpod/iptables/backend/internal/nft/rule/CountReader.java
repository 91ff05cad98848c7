package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.RandomMatch;
import io.inpod.iptables.backend.internal.nft.expr.Cursor;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import java.util.Optional;

/** Reads native conditions on what the kernel draws or counts. */
final class CountReader {
    private CountReader() {}

    static Optional<Match> numgen(Cursor cursor, Expr.NumberGenerator generator) {
        long modulus = generator.modulus() & 0xffff_ffffL;
        boolean random = generator.type() == Expr.NumberGenerator.RANDOM;
        if (random && !cursor.skip(new Expr.ToNetwork(4, 4))) {
            return Optional.empty();
        }
        Optional<Expr.Cmp> compared = cursor.next(Expr.Cmp.class).filter(cmp -> cmp.data().length() == 4);
        if (compared.isEmpty()) {
            return Optional.empty();
        }
        Expr.Cmp cmp = compared.get();
        return switch (cmp.op()) {
            case Expr.Cmp.EQ, Expr.Cmp.NEQ -> random ? Optional.empty()
                    : Optional.of(new NthMatch(modulus, cmp.data().hostInt(0) & 0xffff_ffffL, cmp.op() == Expr.Cmp.NEQ));
            case Expr.Cmp.LT, Expr.Cmp.GTE -> !random ? Optional.empty()
                    : Optional.of(RandomMatch.ofDraws(cmp.data().beInt(0) & 0xffff_ffffL, modulus, cmp.op() == Expr.Cmp.GTE));
            default -> Optional.empty();
        };
    }

    static Optional<Match> connlimit(Expr.Plain limit, ConnlimitMatch.Counted counted) {
        ConnlimitMatch found = new ConnlimitMatch(counted, limit.number(NativeMatches.CONNLIMIT_COUNT, 0) & 0xffff_ffffL,
                limit.number(NativeMatches.CONNLIMIT_FLAGS, 0) != 0);
        return NativeMatches.connlimit(found).equals(limit) ? Optional.of(found) : Optional.empty();
    }
}

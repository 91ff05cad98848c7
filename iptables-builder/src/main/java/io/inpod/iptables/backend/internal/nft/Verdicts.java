package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Target;
import java.util.Optional;

/** Targets that are verdicts in every layout. */
final class Verdicts {
    private Verdicts() {
    }

    static Expr of(Target target) {
        if (target instanceof Target.Accept) {
            return new Expr.Verdict(Expr.Verdict.ACCEPT, null);
        } else if (target instanceof Target.Drop) {
            return new Expr.Verdict(Expr.Verdict.DROP, null);
        } else if (target instanceof Target.Return) {
            return new Expr.Verdict(Expr.Verdict.RETURN, null);
        } else if (target instanceof Target.Jump t) {
            return new Expr.Verdict(Expr.Verdict.JUMP, t.chain());
        } else if (target instanceof Target.Goto t) {
            return new Expr.Verdict(Expr.Verdict.GOTO, t.chain());
        }
        throw new IllegalArgumentException("nf_tables messages can't express " + target);
    }

    static Optional<Target> read(Expr.Verdict verdict) {
        String chain = verdict.chain();
        return switch (verdict.code()) {
            case Expr.Verdict.ACCEPT -> Optional.of(new Target.Accept());
            case Expr.Verdict.DROP -> Optional.of(new Target.Drop());
            case Expr.Verdict.RETURN -> Optional.of(new Target.Return());
            case Expr.Verdict.JUMP -> chain == null ? Optional.empty() : Optional.of(new Target.Jump(chain));
            case Expr.Verdict.GOTO -> chain == null ? Optional.empty() : Optional.of(new Target.Goto(chain));
            default -> Optional.empty();
        };
    }
}

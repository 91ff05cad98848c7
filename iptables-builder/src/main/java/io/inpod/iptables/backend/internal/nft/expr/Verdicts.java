package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.iptables.Target;
import java.util.Optional;

/** Targets that are verdicts in every layout. */
public final class Verdicts {
    public static final Expr ACCEPT = new Expr.Verdict(Expr.Verdict.ACCEPT, null);
    public static final Expr DROP = new Expr.Verdict(Expr.Verdict.DROP, null);
    public static final Expr RETURN = new Expr.Verdict(Expr.Verdict.RETURN, null);

    private Verdicts() {}

    public static Expr jump(Target.Jump target) {
        return new Expr.Verdict(Expr.Verdict.JUMP, target.chain());
    }

    public static Expr go(Target.Goto target) {
        return new Expr.Verdict(Expr.Verdict.GOTO, target.chain());
    }

    public static Optional<Target> read(Expr.Verdict verdict) {
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

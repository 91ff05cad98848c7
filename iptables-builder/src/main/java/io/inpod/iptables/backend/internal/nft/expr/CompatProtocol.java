package io.inpod.iptables.backend.internal.nft.expr;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * NFTA_RULE_COMPAT: the protocol of a rule, which matches and targets of x_tables check when they are loaded.
 *
 * @param number the number of the protocol, 0 for any
 * @param flags NFT_RULE_COMPAT_F_INV if it must be another protocol
 */
public record CompatProtocol(int number, int flags) {
    private static final int ANOTHER = 2;

    /** Returns the protocol of a rule's expressions; null if none of them is of x_tables. */
    public static @Nullable CompatProtocol of(List<Expr> given) {
        List<Expr> expressions = RawExprs.known(given);
        int number = 0;
        int flags = 0;
        boolean compat = false;
        for (int i = 0; i < expressions.size(); i++) {
            Expr expression = expressions.get(i);
            compat |= expression instanceof Expr.XtMatch || expression instanceof Expr.XtTarget;
            if (expression instanceof Expr.Meta meta && meta.key() == Expr.Meta.L4PROTO && i + 1 < expressions.size()
                    && expressions.get(i + 1) instanceof Expr.Cmp cmp && cmp.data().length() > 0) {
                number = cmp.data().u8At(0);
                flags = cmp.op() == Expr.Cmp.NEQ ? ANOTHER : 0;
            }
        }
        return compat ? new CompatProtocol(number, flags) : null;
    }
}

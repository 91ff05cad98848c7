package io.inpod.iptables.backend.internal.nft.expr;

import java.util.List;
import java.util.Optional;

/** A position in a rule's expressions. Not thread-safe. */
public final class Cursor {
    private final List<Expr> expressions;
    private int next;

    public Cursor(List<Expr> expressions) {
        this.expressions = expressions;
    }

    public boolean hasNext() {
        return next < expressions.size();
    }

    public Expr next() {
        return expressions.get(next++);
    }

    /** Takes the next expression if it has a type. */
    public <T extends Expr> Optional<T> next(Class<T> kind) {
        if (hasNext() && kind.isInstance(expressions.get(next))) {
            return Optional.of(kind.cast(next()));
        }
        return Optional.empty();
    }

    /** Skips the next expression if it equals the expected one. */
    public boolean skip(Expr expected) {
        if (hasNext() && expressions.get(next).equals(expected)) {
            next++;
            return true;
        }
        return false;
    }

    public int position() {
        return next;
    }

    public void back(int position) {
        next = position;
    }
}

package io.inpod.iptables.backend.internal.nft;

import java.util.List;
import java.util.Optional;

/** Walks over a rule's expressions. Not thread-safe. */
final class Cursor {
    private final List<Expr> expressions;
    private int next;

    Cursor(List<Expr> expressions) {
        this.expressions = expressions;
    }

    boolean hasNext() {
        return next < expressions.size();
    }

    Expr next() {
        return expressions.get(next++);
    }

    /** Takes the next expression if it is of a kind. */
    <T extends Expr> Optional<T> next(Class<T> kind) {
        if (hasNext() && kind.isInstance(expressions.get(next))) {
            return Optional.of(kind.cast(next()));
        }
        return Optional.empty();
    }

    /** Takes the next expression if it equals one. */
    boolean skip(Expr expected) {
        if (hasNext() && expressions.get(next).equals(expected)) {
            next++;
            return true;
        }
        return false;
    }

    int position() {
        return next;
    }

    void back(int position) {
        next = position;
    }
}

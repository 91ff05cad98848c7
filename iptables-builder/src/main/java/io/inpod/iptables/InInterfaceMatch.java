package io.inpod.iptables;

import io.inpod.iptables.internal.InterfaceNames;
import org.jspecify.annotations.Nullable;

/**
 * The interface on which the packet arrived, {@code -i}; not in OUTPUT and POSTROUTING.
 *
 * @param name an interface name that the kernel accepts, at most 15 bytes; with {@code +} at the end, all names that begin with the rest
 * @param negated whether it must be another interface
 */
public record InInterfaceMatch(String name, boolean negated) implements BasicMatch {
    /**
     * Checks the name.
     *
     * @param name the interface's name, or a beginning and {@code +}
     * @param negated whether it must be another interface
     * @throws IllegalArgumentException if no interface can have this name, or every interface would match
     */
    public InInterfaceMatch {
        InterfaceNames.check("in-interface", name);
    }

    @Override
    public Match not() {
        return new InInterfaceMatch(name, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}

package io.inpod.iptables;

import io.inpod.iptables.internal.InterfaceNames;
import org.jspecify.annotations.Nullable;

/**
 * The interface through which the packet will leave, {@code -o}; not in PREROUTING and INPUT.
 *
 * @param name an interface name that the kernel accepts, at most 15 bytes; with {@code +} at the end, all names that begin with the rest
 * @param negated whether it must be another interface
 */
public record OutInterfaceMatch(String name, boolean negated) implements BasicMatch {
    /**
     * Checks the name.
     *
     * @param name the interface's name, or a beginning and {@code +}
     * @param negated whether it must be another interface
     * @throws IllegalArgumentException if no interface can have this name, or every interface would match
     */
    public OutInterfaceMatch {
        InterfaceNames.check("out-interface", name);
    }

    @Override
    public Match not() {
        return new OutInterfaceMatch(name, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}

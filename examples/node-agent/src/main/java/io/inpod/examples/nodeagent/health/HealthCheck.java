package io.inpod.examples.nodeagent.health;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Something that must be so.
 *
 * @param name what is checked
 * @param problem why it isn't so; empty if it is. Is asked by several threads, and should answer at once
 */
public record HealthCheck(String name, Supplier<Optional<String>> problem) {
    /**
     * Returns a check of a condition.
     *
     * @param name what is checked
     * @param holds whether it is so
     * @param problem what to say if it isn't
     * @return the check
     */
    public static HealthCheck of(String name, BooleanSupplier holds, String problem) {
        return new HealthCheck(name, () -> holds.getAsBoolean() ? Optional.empty() : Optional.of(problem));
    }

    /** {@return the problem, also if the check itself fails} */
    Optional<String> ask() {
        try {
            return problem.get();
        } catch (RuntimeException e) {
            return Optional.of("can't be checked: " + e);
        }
    }
}

package io.inpod.examples.ztunnel.mesh;

import java.util.function.Supplier;

/** Is told each step of a decision as it is taken. The data path passes {@link #NONE}, for which no text is made. */
@FunctionalInterface
public interface Trace {
    /** Isn't interested. */
    Trace NONE = text -> {
    };

    /**
     * Takes a step.
     *
     * @param text what was found or decided, a clause without a full stop, such as {@code 10.96.0.10 is an address of default/web.local}
     */
    void step(Supplier<String> text);
}

package io.inpod.hbone.internal;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Runs a target with random input, mostly well-formed and then damaged, for {@code -Dinpod.fuzz.seconds} (default 3) each. A failure names its
 * seed; {@code -Dinpod.fuzz.seed} runs that one again. A module's tests end after ten minutes; {@code -Dinpod.test.timeout}, in seconds, gives them hours.
 */
final class Fuzz {
    private static final long SECONDS = Long.getLong("inpod.fuzz.seconds", 3);

    private Fuzz() { }

    /** With seed after seed until the time is up; returns how many. */
    static int run(Consumer<FuzzInput> target) {
        long fixed = Long.getLong("inpod.fuzz.seed", -1);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        long first = fixed >= 0 ? fixed : System.nanoTime() >>> 8;
        int runs = 0;
        do {
            FuzzInput input = new FuzzInput(first + runs);
            try {
                target.accept(input);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("-Dinpod.fuzz.seed=" + (first + runs) + ", input " + input, e);
            }
            runs++;
        } while (fixed < 0 && System.nanoTime() < end);
        return runs;
    }
}

package io.inpod.hbone.internal.connection;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Runs a target with random input, mostly well-formed and then damaged, for {@code -Dinpod.fuzz.seconds} (default 3) each. A failure names
 * its seed, and so does a target that doesn't return; {@code -Dinpod.fuzz.seed} repeats that run. The limit for a module's tests is ten
 * minutes; raise it for long runs with {@code -Dinpod.test.timeout}, in seconds.
 */
public final class Fuzz {
    private static final long SECONDS = Long.getLong("inpod.fuzz.seconds", 3);
    private static final long HANGS_SECONDS = 30;

    private Fuzz() { }

    /** Runs the target with one seed after another until the time is up; returns the number of runs. */
    public static int run(Consumer<FuzzInput> target) {
        long fixed = Long.getLong("inpod.fuzz.seed", -1);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        long first = fixed >= 0 ? fixed : System.nanoTime() >>> 8;
        AtomicInteger runs = new AtomicInteger();
        FutureTask<Integer> all = new FutureTask<>(() -> {
            do {
                FuzzInput input = new FuzzInput(first + runs.get());
                try {
                    target.accept(input);
                } catch (RuntimeException | Error e) {
                    throw new AssertionError("-Dinpod.fuzz.seed=" + (first + runs.get()) + ", input " + input, e);
                }
                runs.incrementAndGet();
            } while (fixed < 0 && System.nanoTime() < end);
            return runs.get();
        });
        Thread thread = new Thread(all, "fuzz");
        thread.setDaemon(true);
        thread.start();
        try {
            return all.get(SECONDS + HANGS_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            AssertionError hangs = new AssertionError("doesn't come back: -Dinpod.fuzz.seed=" + (first + runs.get()));
            hangs.setStackTrace(thread.getStackTrace());
            throw hangs;
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

package io.inpod.hbone.internal.connection;

import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/** Asks several event loops to retire connections, and counts them. */
public final class Retirement {
    private static final Duration LONGEST = Duration.ofDays(366);

    private Retirement() {}

    /** Throws an exception unless tunnels can continue for this long. */
    public static Duration checked(Duration deadline) {
        if (deadline.isNegative() || deadline.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("deadline must be PT0S to " + LONGEST + " (a year): " + deadline);
        }
        return deadline;
    }

    /** Runs an action for each part on its event loop; completes there with the sum of the results, or with the first failure. */
    public static <T> CompletionStage<Integer> ofAll(Collection<T> parts, Function<T, Executor> loop, ToIntFunction<T> retire) {
        CompletableFuture<Integer> result = new CompletableFuture<>();
        AtomicInteger waiting = new AtomicInteger(parts.size());
        AtomicInteger sum = new AtomicInteger();
        if (parts.isEmpty()) {
            result.complete(0);
        }
        for (T part : parts) {
            loop.apply(part).execute(() -> {
                try {
                    sum.addAndGet(retire.applyAsInt(part));
                } catch (RuntimeException | Error e) { // of the caller's predicate
                    result.completeExceptionally(e);
                }
                if (waiting.decrementAndGet() == 0) {
                    result.complete(sum.get());
                }
            });
        }
        return result;
    }
}

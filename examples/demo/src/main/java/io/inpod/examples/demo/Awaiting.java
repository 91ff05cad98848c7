package io.inpod.examples.demo;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Waits for what only can be asked again and again. */
final class Awaiting {
    private static final long LIMIT_SECONDS = 60;

    private Awaiting() {}

    /** A question. */
    interface Question<T> {
        /** Returns null if the answer isn't there yet. */
        @Nullable
        T ask() throws IOException, InterruptedException;
    }

    static <T> T until(String what, Question<T> question) throws IOException, InterruptedException, DemoFailure {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        for (;;) {
            T answer = question.ask();
            if (answer != null) {
                return answer;
            }
            if (System.nanoTime() > deadline) {
                throw new DemoFailure("waited " + LIMIT_SECONDS + " s for " + what);
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }
}

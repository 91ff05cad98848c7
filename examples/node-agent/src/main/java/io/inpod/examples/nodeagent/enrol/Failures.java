package io.inpod.examples.nodeagent.enrol;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Failures as they come out of futures. */
final class Failures {
    private Failures() {}

    /** Returns what a future has failed with. */
    static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** Returns the failure, or one of its causes, that is of a kind. */
    static <T extends Throwable> Optional<T> find(@Nullable Throwable failure, Class<T> kind) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (kind.isInstance(cause)) {
                return Optional.of(kind.cast(cause));
            }
        }
        return Optional.empty();
    }

    static String words(Throwable failure) {
        return failure instanceof IOException && failure.getMessage() != null ? failure.getMessage() : failure.toString();
    }
}

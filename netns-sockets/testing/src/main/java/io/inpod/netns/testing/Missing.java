package io.inpod.netns.testing;

import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/** What a test needs and this machine lacks: the test is skipped, or fails in continuous integration, where nobody would notice. */
final class Missing {
    private Missing() {}

    /** The exception that skips the test, or with {@code CI=true} in the environment fails it. */
    static RuntimeException failure(String message, @Nullable Throwable cause) {
        if ("true".equals(System.getenv("CI"))) {
            throw new AssertionError(message, cause);
        }
        return new TestAbortedException(message, cause);
    }
}

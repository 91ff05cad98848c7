package io.inpod.examples.clustertests;

import org.opentest4j.TestAbortedException;

/** What a test needs and this machine forbids: the test is skipped, or fails in continuous integration. */
final class Missing {
    private Missing() {}

    static RuntimeException on(String refusal) {
        if ("true".equals(System.getenv("CI"))) {
            throw new AssertionError(refusal);
        }
        return new TestAbortedException(refusal);
    }
}

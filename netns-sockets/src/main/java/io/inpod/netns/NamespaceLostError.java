package io.inpod.netns;

/**
 * Thrown when the calling thread can't return from a foreign network namespace. Everything that it does from then on happens in the wrong
 * namespace, so it must not run anything else: end the thread, or the process.
 */
public final class NamespaceLostError extends Error {
    private static final long serialVersionUID = 1L;

    NamespaceLostError(String stuckIn, Throwable cause) {
        super("thread \"" + Thread.currentThread().getName() + "\" can't return from " + stuckIn
                + " and must not run anything else: " + cause.getMessage(), cause);
    }
}

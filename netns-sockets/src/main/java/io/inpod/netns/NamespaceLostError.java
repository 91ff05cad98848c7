package io.inpod.netns;

/**
 * The calling thread could not return from a foreign network namespace. Whatever it does from now on happens in the wrong
 * namespace, so it must run nothing else: end it, or the process.
 */
public final class NamespaceLostError extends Error {
    private static final long serialVersionUID = 1L;

    NamespaceLostError(String stuckIn, Throwable cause) {
        super("thread \"" + Thread.currentThread().getName() + "\" can't return from " + stuckIn
                + " and must not run anything else: " + cause.getMessage(), cause);
    }
}

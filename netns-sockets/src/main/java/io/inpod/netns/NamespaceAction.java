package io.inpod.netns;

/**
 * A short piece of work for {@link NetworkNamespace#run}. The restrictions of {@link NamespaceBody} apply to it too.
 *
 * @param <X> the type of exception it may throw
 */
@FunctionalInterface
public interface NamespaceAction<X extends Throwable> {
    /**
     * Runs on the calling thread while the thread is inside the namespace.
     *
     * @throws X passed on to the caller of {@link NetworkNamespace#run} after the thread has returned
     */
    void run() throws X;
}

package io.inpod.netns;

/**
 * A short piece of work for {@link NetworkNamespace#run}; what {@link NamespaceBody} says holds for it too.
 *
 * @param <X> what it may throw
 */
@FunctionalInterface
public interface NamespaceAction<X extends Throwable> {
    /**
     * Runs on the calling thread while that is inside the namespace.
     *
     * @throws X passed on to the caller of {@link NetworkNamespace#run} once the thread is back
     */
    void run() throws X;
}

package io.inpod.netns;

/**
 * A short piece of work for {@link NetworkNamespace#call}: it creates sockets and nothing else. It must not block, log, start a
 * thread, or hand work to an executor: a thread that is started here is born in the foreign namespace and stays there.
 *
 * @param <T> what it makes
 * @param <X> what it may throw
 */
@FunctionalInterface
public interface NamespaceBody<T, X extends Throwable> {
    /**
     * Runs on the calling thread while that is inside the namespace.
     *
     * @return what was made
     * @throws X passed on to the caller of {@link NetworkNamespace#call} once the thread is back
     */
    T call() throws X;
}

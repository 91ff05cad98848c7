package io.inpod.netns;

/**
 * A short piece of work for {@link NetworkNamespace#call}: it creates sockets and nothing else. It must not block, log, start a
 * thread, or submit work to an executor: a thread that is started here belongs to the foreign namespace and stays there, and work that is
 * handed to another thread happens in that thread's namespace.
 *
 * @param <T> the type of its result
 * @param <X> the type of exception it may throw
 */
@FunctionalInterface
public interface NamespaceBody<T, X extends Throwable> {
    /**
     * Runs on the calling thread while the thread is inside the namespace.
     *
     * @return what it created
     * @throws X passed on to the caller of {@link NetworkNamespace#call} after the thread has returned
     */
    T call() throws X;
}

package io.inpod.netns;

import java.io.IOException;

/**
 * Something that changes a network namespace (routing, rules, listeners) and can be checked and undone later by someone who has
 * only the namespace. Installing twice, removing twice, and removing what somebody else half removed all succeed.
 *
 * <p>Implementations are immutable and may be used for many namespaces and from several threads, but not for the same namespace
 * from two threads at once. All methods may block and so don't belong on an event loop.
 */
public interface NamespaceChange {
    /**
     * Installs the change as a whole, or leaves the namespace as it was.
     *
     * @param namespace where
     * @throws IOException naming the step that failed; what was done until then has been undone
     */
    void install(NetworkNamespace namespace) throws IOException;

    /**
     * Checks that the change is there, complete and as it was installed.
     *
     * @param namespace where
     * @throws IOException naming what is missing or different
     */
    void verify(NetworkNamespace namespace) throws IOException;

    /**
     * Removes what is there of the change.
     *
     * @param namespace where
     * @throws IOException naming what could not be removed
     */
    void remove(NetworkNamespace namespace) throws IOException;
}

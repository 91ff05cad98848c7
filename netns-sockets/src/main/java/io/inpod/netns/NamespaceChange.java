package io.inpod.netns;

import java.io.IOException;

/**
 * A change to a network namespace (routing, rules, listeners) that can be verified and removed later with nothing but the namespace.
 * Installing twice, removing twice, and removing a change that is partly gone all succeed.
 *
 * <p>Implementations are immutable. They may be used for many namespaces and by several threads, but not for the same namespace by two
 * threads concurrently. All methods may block and must not be called on an event loop.
 */
public interface NamespaceChange {
    /**
     * Installs the change as a whole, or leaves the namespace as it was.
     *
     * @param namespace the namespace to change
     * @throws IOException naming the step that failed; the steps before it have been undone
     */
    void install(NetworkNamespace namespace) throws IOException;

    /**
     * Checks that the change is complete and as it was installed.
     *
     * @param namespace the namespace to inspect
     * @throws IOException naming what is missing or different
     */
    void verify(NetworkNamespace namespace) throws IOException;

    /**
     * Returns whether {@link #verify} would succeed. Doesn't look further than the first difference.
     *
     * @param namespace the namespace to inspect
     * @return false also if the namespace can't be inspected
     */
    default boolean isInstalled(NetworkNamespace namespace) {
        try {
            verify(namespace);
            return true;
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    /**
     * Installs the change unless it is installed, and tells which it was. An implementation whose {@link #install} finds out what is
     * missing anyway overrides this, so that the namespace is inspected only once.
     *
     * @param namespace the namespace to change
     * @return false if the change was installed before; true if something was missing, and has been installed
     * @throws IOException as {@link #install}
     */
    default boolean installMissing(NetworkNamespace namespace) throws IOException {
        boolean missing = !isInstalled(namespace);
        install(namespace);
        return missing;
    }

    /**
     * Removes the change, or what is left of it.
     *
     * @param namespace the namespace to restore
     * @throws IOException naming what could not be removed
     */
    void remove(NetworkNamespace namespace) throws IOException;
}

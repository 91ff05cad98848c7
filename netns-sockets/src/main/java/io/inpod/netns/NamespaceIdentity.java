package io.inpod.netns;

/**
 * The identity of a namespace: the device and inode of its nsfs file, see namespaces(7). Two open references with the same identity refer
 * to the same namespace. An inode alone may be reused by a later namespace, and a path may later refer to another one.
 *
 * @param device {@code st_dev}, as major number × 2³² + minor number
 * @param inode {@code st_ino}
 */
public record NamespaceIdentity(long device, long inode) {
    /** {@return the form that {@code readlink /proc/self/ns/net} prints} */
    @Override
    public String toString() {
        return "net:[" + inode + "]";
    }
}

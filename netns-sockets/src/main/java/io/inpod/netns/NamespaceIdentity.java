package io.inpod.netns;

/**
 * What makes two references to a namespace the same one: the device and inode of its nsfs file, see namespaces(7). An inode alone
 * may be used again by a later namespace, and a path may come to mean another one.
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

package io.inpod.netns;

/**
 * A user namespace, in which capabilities over the network namespaces that it owns are held, see user_namespaces(7).
 *
 * @param device {@code st_dev}, as major number × 2³² + minor number
 * @param inode {@code st_ino}: with the device what tells it from any other
 * @param creator user id of who created it, as the caller's own user namespace sees it: 0 to 2³²-1; 65534 usually stands for one
 *     that it can't see
 */
public record UserNamespace(long device, long inode, long creator) {
    /** {@return the form that {@code readlink /proc/self/ns/user} prints} */
    @Override
    public String toString() {
        return "user:[" + inode + "]";
    }
}

package io.inpod.netns;

/**
 * A user namespace. Capabilities over the network namespaces that it owns are held in it, see user_namespaces(7).
 *
 * @param device {@code st_dev}, as major number × 2³² + minor number
 * @param inode {@code st_ino}, which together with the device identifies it
 * @param creator the id of the user who created it, as the caller's user namespace sees it, 0 to 2³²-1; usually 65534 if that user has no
 *     id there
 */
public record UserNamespace(long device, long inode, long creator) {
    /** {@return the form that {@code readlink /proc/self/ns/user} prints} */
    @Override
    public String toString() {
        return "user:[" + inode + "]";
    }
}

package io.inpod.netns.internal;

import io.inpod.netns.NamespaceIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;

/** What an open file is: which namespace, or which other kind of file, see ioctl_ns(2) and statx(2). */
public final class NamespaceFile {
    /** struct statx has 256 bytes and the same layout on every architecture. */
    private static final int STATX_BYTES = 256;

    private static final int STATX_MODE = 28;
    private static final int STATX_INO = 32;
    private static final int STATX_DEV_MAJOR = 136;
    private static final int STATX_DEV_MINOR = 140;
    private static final int STATX_BASIC_STATS = 0x7ff;

    private NamespaceFile() {}

    /** Device and inode of an open file. */
    public static NamespaceIdentity identity(int fd) throws IOException {
        ByteBuffer stat = stat(fd);
        return new NamespaceIdentity(
                ((long) stat.getInt(STATX_DEV_MAJOR) << 32) | (stat.getInt(STATX_DEV_MINOR) & 0xffffffffL), stat.getLong(STATX_INO));
    }

    /** Null for a network namespace, otherwise the words for what the open file is instead. */
    public static @org.jspecify.annotations.Nullable String otherThanNetwork(int fd) throws IOException {
        int type = Native.LIBC.ioctl(fd, Constants.NS_GET_NSTYPE, 0);
        return switch (type) {
            case Constants.CLONE_NEWNET -> null;
            case 0x00020000 -> "a mount namespace";
            case 0x02000000 -> "a cgroup namespace";
            case 0x04000000 -> "a UTS namespace";
            case 0x08000000 -> "an IPC namespace";
            case 0x10000000 -> "a user namespace";
            case 0x20000000 -> "a PID namespace";
            case 0x00000080 -> "a time namespace";
            default -> kind(stat(fd).getShort(STATX_MODE) & 0xf000);
        };
    }

    private static String kind(int format) {
        return switch (format) {
            case 0x8000 -> "a regular file";
            case 0x4000 -> "a directory";
            case 0x2000 -> "a character device";
            case 0x6000 -> "a block device";
            case 0x1000 -> "a pipe";
            case 0xc000 -> "a socket";
            default -> "a file of another kind";
        };
    }

    private static ByteBuffer stat(int fd) throws IOException {
        ByteBuffer stat = Native.buffer(STATX_BYTES);
        Native.check(Native.LIBC.statx(fd, "", Constants.AT_EMPTY_PATH, STATX_BASIC_STATS, stat), "statx", "fd " + fd);
        return stat;
    }
}

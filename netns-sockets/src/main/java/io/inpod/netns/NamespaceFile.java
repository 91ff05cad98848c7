package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketStructs.Statx;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Finds out which namespace an open file refers to, or what other kind of file it is, see ioctl_nsfs(2) and statx(2). */
final class NamespaceFile {
    /** What {@link #otherThanNetwork} says of an ordinary file. */
    static final String REGULAR = "a regular file";

    private static final int STATX_BASIC_STATS = 0x7ff;

    private NamespaceFile() {}

    /** Device and inode of an open file. */
    static NamespaceIdentity identity(int fd) throws IOException {
        return identity(stat(fd, "", Constants.AT_EMPTY_PATH, "fd " + fd));
    }

    /** Device and inode of the file that a path leads to. */
    static NamespaceIdentity identity(String path) throws IOException {
        return identity(stat(Constants.AT_FDCWD, path, 0, path));
    }

    private static NamespaceIdentity identity(ByteBuffer stat) {
        return new NamespaceIdentity(Statx.DEV_MAJOR.getLong(stat, 0) << 32 | Statx.DEV_MINOR.getLong(stat, 0), Statx.INO.getLong(stat, 0));
    }

    /** Returns null for a network namespace, otherwise a description of what the open file is instead. */
    static @Nullable String otherThanNetwork(int fd) throws IOException {
        int format = Statx.MODE.get(stat(fd, "", Constants.AT_EMPTY_PATH, "fd " + fd), 0) & 0xf000;
        // A namespace's file is a regular one. Devices aren't asked: the same request number may mean something else to them.
        int type = format == 0x8000 ? Native.LIBC.ioctl(fd, Constants.NS_GET_NSTYPE, 0) : -1;
        return switch (type) {
            case Constants.CLONE_NEWNET -> null;
            case 0x00020000 -> "a mount namespace";
            case 0x02000000 -> "a cgroup namespace";
            case 0x04000000 -> "a UTS namespace";
            case 0x08000000 -> "an IPC namespace";
            case Constants.CLONE_NEWUSER -> "a user namespace";
            case 0x20000000 -> "a PID namespace";
            case 0x00000080 -> "a time namespace";
            default -> kind(format, link(fd));
        };
    }

    private static String kind(int format, String link) {
        if (link.startsWith("net:[")) {
            return "a mere path to one, opened with O_PATH";
        }
        if (link.startsWith("/memfd:")) {
            return "a memfd (" + link + ")";
        }
        return switch (format) {
            case 0x8000 -> REGULAR;
            case 0x4000 -> "a directory";
            case 0x2000 -> "a character device";
            case 0x6000 -> "a block device";
            case 0x1000 -> "a pipe";
            case 0xc000 -> "a socket";
            default -> link.isEmpty() ? "a file without a name" : "a kernel object without a file (" + link + ")";
        };
    }

    /** The kernel's name for an open file, for messages only. */
    private static String link(int fd) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/thread-self/fd/" + fd)).toString();
        } catch (IOException e) {
            return "";
        }
    }

    private static ByteBuffer stat(int directory, String path, int flags, String subject) throws IOException {
        ByteBuffer stat = Native.buffer(Statx.STRUCT.size());
        Native.check(Native.LIBC.statx(directory, path, flags, STATX_BASIC_STATS, stat), "statx", subject);
        return stat;
    }
}

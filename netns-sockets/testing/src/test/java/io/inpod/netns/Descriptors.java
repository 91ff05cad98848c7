package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;

/** Manipulates file descriptors behind the library's back. */
final class Descriptors {
    private Descriptors() {}

    static OwnedFd open(String path) throws IOException {
        return OwnedFd.adopt(Native.check(Native.LIBC.open(path, Constants.O_CLOEXEC | Constants.O_NONBLOCK, 0), "open", path));
    }

    /** A duplicate of another process's descriptor, see pidfd_getfd(2). */
    static OwnedFd steal(long pid, int number) throws IOException {
        OwnedFd process = OwnedFd.adopt(Native.check((int) Native.LIBC.syscall(434, pid, 0, 0), "pidfd_open", pid));
        try {
            return OwnedFd.adopt(Native.check((int) Native.LIBC.syscall(438, process.acquire(), number, 0), "pidfd_getfd", number));
        } finally {
            process.release();
            process.close();
        }
    }

    /** The targets of all open descriptors by number. */
    static TreeMap<Integer, String> all() throws IOException {
        TreeMap<Integer, String> found = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path entry : entries) {
                try {
                    found.put(Integer.valueOf(entry.getFileName().toString()), Files.readSymbolicLink(entry).toString());
                } catch (IOException e) {
                    // the descriptor that reads this directory
                }
            }
        }
        return found;
    }
}

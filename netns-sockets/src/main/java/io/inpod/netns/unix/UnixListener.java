package io.inpod.netns.unix;

import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Deadline;
import io.inpod.netns.internal.DirectoryLock;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.Poll;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The common part of listening unix sockets of all types: the file, accepting, and closing. */
final class UnixListener implements AutoCloseable {
    private final OwnedFd fd;
    private final Path path;

    /** The inode of the file, for the path may have been taken over by another listener; null for an abstract address. */
    private final @Nullable Object file;

    private UnixListener(OwnedFd fd, Path path, @Nullable Object file) {
        this.fd = fd;
        this.path = path;
        this.file = file;
    }

    static UnixListener listen(int type, Path path) throws IOException {
        if (UnixAddress.isAbstract(path)) {
            return new UnixListener(bound(type, path, null), path, null);
        }
        UnixAddress.of(path); // refuses a long path before the file is looked for
        // Without the lock, one of two listeners that find an abandoned file could remove the file that the other has just created.
        try (DirectoryLock alone = DirectoryLock.take(Objects.requireNonNull(path.toAbsolutePath().getParent()))) {
            removeAbandoned(type, path);
            OwnedFd fd = bound(type, path, alone + "/" + path.getFileName());
            try {
                return new UnixListener(fd, path, inode(path));
            } catch (IOException e) {
                fd.close();
                throw e;
            }
        }
    }

    /** Returns a listening socket. The file has the path as seen from the directory; an abstract address has none. */
    private static OwnedFd bound(int type, Path path, @Nullable String file) throws IOException {
        UnixAddress address = UnixAddress.of(path);
        OwnedFd fd = UnixConnection.socket(type, path);
        int number = fd.acquire();
        try {
            Native.check(Native.LIBC.bind(number, address.memory(), address.length()), "bind", path);
            if (file != null) {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------")); // before any process can connect
            }
            Native.check(Native.LIBC.listen(number, 128), "listen", file == null ? path : file);
            return fd;
        } catch (IOException e) {
            fd.close();
            throw e;
        } finally {
            fd.release();
        }
    }

    private static void removeAbandoned(int type, Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                || (((int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS)) & 0xf000) != 0xc000) {
            return; // bind reports what is wrong with it
        }
        if (!UnixConnection.isAnswered(type, path)) {
            Files.deleteIfExists(path);
        } // otherwise bind reports what is wrong with it
    }

    private static Object inode(Path path) throws IOException {
        return Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    UnixConnection accept(Duration timeout) throws IOException {
        Deadline deadline = Deadline.in(timeout);
        int number = fd.acquire();
        try {
            for (;;) {
                Poll.readable(number, deadline, this);
                int accepted = Native.LIBC.accept4(number, null, null, Constants.SOCK_CLOEXEC);
                if (accepted >= 0) {
                    return new UnixConnection(OwnedFd.adopt(accepted, toString()), path);
                }
                fd.requireOpen();
                if (Native.errno() != Constants.EINTR) {
                    throw Native.failure("accept4", path);
                }
            }
        } finally {
            fd.release();
        }
    }

    @Override
    public void close() {
        try {
            int number = fd.acquire();
            fd.close();
            Native.LIBC.shutdown(number, Constants.SHUT_RDWR); // wakes a thread that waits in poll
            fd.release();
            if (file != null && inode(path).equals(file)) {
                Files.delete(path);
            }
        } catch (ClosedChannelException e) {
            // closed before
        } catch (IOException e) {
            // the file is gone, or can't be removed and will be replaced by the next listener
        }
    }

    @Override
    public String toString() {
        return "unix socket " + path;
    }
}

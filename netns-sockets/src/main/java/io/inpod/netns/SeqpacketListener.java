package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.Poll;
import io.inpod.netns.internal.UnixAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/** Waits for connections on a unix SOCK_SEQPACKET socket, see unix(7). Blocking; closing it ends a waiting {@link #accept}. */
public final class SeqpacketListener implements AutoCloseable {
    private static final int EINTR = 4;

    private final OwnedFd fd;
    private final Path path;

    private SeqpacketListener(OwnedFd fd, Path path) {
        this.fd = fd;
        this.path = path;
    }

    /**
     * Listens on a path. A socket file that is there already is replaced if nobody listens on it any more. Only the caller's own
     * user may connect (mode 0600).
     *
     * @param path the file to create, at most 107 bytes; its directory must exist
     * @return the listener, to be closed by the caller
     * @throws java.net.BindException if somebody listens there, or the path is something else than a socket
     * @throws IOException if the file can't be created
     */
    public static SeqpacketListener listen(Path path) throws IOException {
        ByteBuffer address = UnixAddress.of(path);
        removeAbandoned(path);
        OwnedFd fd = socket(path);
        int number = fd.acquire();
        try {
            Native.check(Native.LIBC.bind(number, address, UnixAddress.BYTES), "bind", path);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------")); // before anybody can connect
            Native.check(Native.LIBC.listen(number, 128), "listen", path);
            return new SeqpacketListener(fd, path);
        } catch (IOException e) {
            fd.close();
            throw e;
        } finally {
            fd.release();
        }
    }

    private static void removeAbandoned(Path path) throws IOException {
        if (!Files.exists(path, java.nio.file.LinkOption.NOFOLLOW_LINKS)
                || (((int) Files.getAttribute(path, "unix:mode", java.nio.file.LinkOption.NOFOLLOW_LINKS)) & 0xf000) != 0xc000) {
            return; // bind says what is wrong with it
        }
        try {
            SeqpacketSocket.connect(path).close();
        } catch (java.net.ConnectException e) {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // bind says what is wrong with it
        }
    }

    static OwnedFd socket(Path path) throws IOException {
        int type = Constants.SOCK_SEQPACKET | Constants.SOCK_CLOEXEC;
        return OwnedFd.adopt(Native.check(Native.LIBC.socket(Constants.AF_UNIX, type, 0), "socket(AF_UNIX)", path));
    }

    /**
     * Waits for a connection.
     *
     * @param timeout how long to wait; zero waits for ever
     * @return the connection, to be closed by the caller
     * @throws AsynchronousCloseException if this listener was closed meanwhile
     * @throws java.net.SocketTimeoutException if none came in time
     * @throws IOException if the process has too many files open
     */
    public SeqpacketSocket accept(Duration timeout) throws IOException {
        int number = fd.acquire();
        try {
            for (; ; ) {
                Poll.readable(number, timeout, this);
                int accepted = Native.LIBC.accept4(number, null, null, Constants.SOCK_CLOEXEC);
                if (accepted >= 0) {
                    return new SeqpacketSocket(OwnedFd.adopt(accepted), path);
                }
                if (fd.isClosed()) {
                    throw new AsynchronousCloseException();
                }
                if (Native.errno() != EINTR) {
                    throw Native.failure("accept4", path);
                }
            }
        } finally {
            fd.release();
        }
    }

    /** Stops listening and removes the file. Closing twice does nothing. */
    @Override
    public void close() {
        try {
            int number = fd.acquire();
            fd.close();
            Native.LIBC.shutdown(number, Constants.SHUT_RDWR); // wakes a thread that waits in poll
            fd.release();
            Files.deleteIfExists(path);
        } catch (ClosedChannelException e) {
            // closed before
        } catch (IOException e) {
            // the file can't be removed: the next listener replaces it
        }
    }

    @Override
    public String toString() {
        return "unix socket " + path;
    }
}

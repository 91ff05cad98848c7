package io.inpod.netns.unix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/**
 * Unix SOCK_SEQPACKET sockets for processes of one user and of root. Both ends check the user of the other one (SO_PEERCRED, see
 * unix(7)) and the owner and mode of the socket's directory. For commands that must not come from anybody else, such as those that hand
 * over network namespaces.
 */
public final class PrivateSocket {
    private static final Path SELF = Path.of("/proc/self");
    private static final int WRITABLE_BY_OTHERS = 0022;

    private PrivateSocket() {}

    /**
     * Listens. A missing directory is created with mode 0700; a socket file without a listener is replaced.
     *
     * @param path the socket's file, at most 107 bytes
     * @return the listener, to be closed by the caller
     * @throws IOException if the directory is a symbolic link, belongs to another user or can be written by others, if another
     *     process listens on this path, or if it is an abstract address
     */
    public static SeqpacketListener listen(Path path) throws IOException {
        Path directory = directory(path);
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        checkDirectory(directory);
        return SeqpacketListener.listen(path);
    }

    /**
     * Waits for a connection and checks its peer.
     *
     * @param listener from {@link #listen(Path)}
     * @param timeout how long to wait; zero waits indefinitely
     * @return the connection, to be closed by the caller
     * @throws UntrustedPeerException if the peer is another user; the connection is closed then
     * @throws IOException see {@link SeqpacketListener#accept(Duration)}
     */
    public static SeqpacketSocket accept(SeqpacketListener listener, Duration timeout) throws IOException {
        return checkPeer(listener.accept(timeout));
    }

    /**
     * Connects and checks the process that listens.
     *
     * @param path the socket's file
     * @return the connection, to be closed by the caller
     * @throws UntrustedPeerException if it runs as another user
     * @throws IOException if the directory is a symbolic link, belongs to another user or can be written by others, or if no process
     *     listens on this path
     */
    public static SeqpacketSocket connect(Path path) throws IOException {
        return connect(path, Duration.ZERO);
    }

    /**
     * Connects, without waiting indefinitely, and checks the process that listens.
     *
     * @param path the socket's file
     * @param timeout see {@link SeqpacketSocket#connect(Path, Duration)}
     * @return the connection, to be closed by the caller
     * @throws java.net.SocketTimeoutException if the process that listens doesn't accept connections, and its queue is full
     * @throws UntrustedPeerException if it runs as another user
     * @throws IOException see {@link #connect(Path)}
     */
    public static SeqpacketSocket connect(Path path, Duration timeout) throws IOException {
        checkDirectory(directory(path));
        return checkPeer(SeqpacketSocket.connect(path, timeout));
    }

    private static SeqpacketSocket checkPeer(SeqpacketSocket socket) throws IOException {
        try {
            int peer = socket.peer().uid();
            int own = ownUser();
            if (peer != 0 && peer != own) {
                throw new UntrustedPeerException(
                        "the peer on " + socket + " is user " + peer + ", neither root nor this process's user " + own);
            }
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static void checkDirectory(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(directory + (Files.isSymbolicLink(directory) ? " is a symbolic link" : " is not a directory")
                    + "; a socket's directory must be a real one, so that nobody can put another in its place");
        }
        int owner = (int) Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        int own = ownUser();
        if (owner != 0 && owner != own) {
            throw new IOException(
                    "directory " + directory + " belongs to user " + owner + ", neither to root nor to this process's user " + own);
        }
        int mode = (int) Files.getAttribute(directory, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & WRITABLE_BY_OTHERS) != 0) {
            throw new IOException("directory " + directory + " can be written by others (mode " + Integer.toOctalString(mode & 07777)
                    + "); chmod go-w " + directory);
        }
    }

    private static Path directory(Path path) throws IOException {
        if (UnixAddress.isAbstract(path)) {
            throw new IOException(path + " is an abstract address, which has neither an owner nor a mode: use the path of a file");
        }
        Path directory = path.toAbsolutePath().getParent();
        if (directory == null) {
            throw new IOException(path + " can't be a socket");
        }
        return directory;
    }

    /** The effective user: the owner of the process's directory in /proc, see proc_pid(5). */
    private static int ownUser() throws IOException {
        return (int) Files.getAttribute(SELF, "unix:uid");
    }
}

package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.NamespaceFile;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.ThreadNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A Linux network namespace: an open file descriptor, which keeps the namespace alive, and its identity. Two values are equal if
 * they are the same namespace, however they were opened.
 *
 * <p>Thread-safe. Entering one needs CAP_SYS_ADMIN in the user namespace that owns it and in the caller's, see setns(2).
 */
public final class NetworkNamespace implements AutoCloseable {
    private static final List<Path> NAMED = List.of(Path.of("/run/netns"), Path.of("/var/run/netns"));

    private final OwnedFd fd;
    private final NamespaceIdentity identity;
    private final String origin;
    private volatile @Nullable Consumer<NamespaceLostError> lostHandler;

    private NetworkNamespace(OwnedFd fd, NamespaceIdentity identity, String origin) {
        this.fd = fd;
        this.identity = identity;
        this.origin = origin;
    }

    /**
     * Opens the namespace that a file stands for: a bind mount such as {@code /run/netns/NAME}, or {@code /proc/PID/ns/net}.
     *
     * @param path the file
     * @return the namespace, to be closed by the caller
     * @throws NotANetworkNamespaceException if the file is something else
     * @throws IOException if it can't be opened
     */
    public static NetworkNamespace open(Path path) throws IOException {
        int fd = Native.LIBC.open(path.toString(), Constants.O_RDONLY | Constants.O_CLOEXEC | 0x800 /* O_NONBLOCK: never wait for a pipe */, 0);
        return adopt(OwnedFd.adopt(Native.check(fd, "open", path)), path.toString());
    }

    /**
     * Opens the network namespace of a process.
     *
     * @param pid its process id as this process sees it, at least 1
     * @return the namespace, to be closed by the caller
     * @throws IOException if there is no such process or it may not be inspected (ptrace(2), "Ptrace access mode checking")
     */
    public static NetworkNamespace ofProcess(long pid) throws IOException {
        return open(Path.of("/proc", Long.toString(pid), "ns", "net"));
    }

    /**
     * Opens a namespace by the name that {@code ip netns} shows, see ip-netns(8).
     *
     * @param name the name of a file in {@code /run/netns} or {@code /var/run/netns}
     * @return the namespace, to be closed by the caller
     * @throws NoSuchFileException if there is none of that name
     * @throws IOException if it can't be opened
     */
    public static NetworkNamespace named(String name) throws IOException {
        for (Path directory : NAMED) {
            if (Files.exists(directory.resolve(checkName(name)))) {
                return open(directory.resolve(name));
            }
        }
        throw new NoSuchFileException(name, null, "no network namespace of that name in " + NAMED + " (`ip netns list` shows them)");
    }

    /**
     * Opens the namespace that the calling thread is in.
     *
     * @return the namespace, to be closed by the caller
     * @throws IOException if the process has too many files open
     */
    public static NetworkNamespace current() throws IOException {
        return adopt(OwnedFd.adopt(ThreadNamespace.open()), "the calling thread's");
    }

    /**
     * Takes over a descriptor, for instance one that another process sent, after checking that it is a network namespace.
     *
     * @param fd the descriptor; closed if it is refused
     * @return the namespace, to be closed by the caller
     * @throws NotANetworkNamespaceException if it is something else
     * @throws IOException if it can't be inspected
     */
    public static NetworkNamespace adopt(OwnedFd fd) throws IOException {
        return adopt(fd, fd.toString());
    }

    private static NetworkNamespace adopt(OwnedFd fd, String origin) throws IOException {
        try {
            int number = fd.acquire();
            try {
                String other = NamespaceFile.otherThanNetwork(number);
                if (other != null) {
                    throw new NotANetworkNamespaceException(origin, other);
                }
                return new NetworkNamespace(fd, NamespaceFile.identity(number), origin);
            } finally {
                fd.release();
            }
        } catch (IOException | RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Creates a namespace that lives as long as somebody holds it, or a process or socket is in it. Its loopback interface is down.
     *
     * @return the namespace, to be closed by the caller
     * @throws IOException if this process may not create one
     */
    public static NetworkNamespace create() throws IOException {
        ThreadNamespace thread = ThreadNamespace.ofCallingThread();
        int previous = thread.enterNew();
        int opened = -1;
        IOException failure = null;
        try {
            opened = ThreadNamespace.open();
        } catch (IOException e) {
            failure = e;
        }
        try {
            thread.leave(previous);
        } catch (IOException e) {
            throw new NamespaceLostError("a new network namespace", e);
        }
        if (failure != null) {
            throw failure;
        }
        return adopt(OwnedFd.adopt(opened), "new");
    }

    /**
     * Creates a namespace with a name, as {@code ip netns add} does: it lives until {@link #delete(String)}.
     *
     * @param name the name of the file to be created in {@code /run/netns}
     * @return the namespace, to be closed by the caller
     * @throws IOException if the name is taken or this process may not create or mount one; nothing is left behind then
     */
    public static NetworkNamespace create(String name) throws IOException {
        Path mountPoint = NAMED.get(0).resolve(checkName(name));
        Files.createDirectories(mountPoint.getParent());
        Files.createFile(mountPoint);
        try {
            NetworkNamespace created = create();
            int number = created.fd.acquire();
            try {
                Native.check(Native.LIBC.mount("/proc/self/fd/" + number, mountPoint.toString(), "none", Constants.MS_BIND, null), "mount", mountPoint);
                return new NetworkNamespace(created.fd, created.identity, mountPoint.toString());
            } catch (IOException e) {
                created.close();
                throw e;
            } finally {
                created.fd.release();
            }
        } catch (IOException e) {
            Files.deleteIfExists(mountPoint);
            throw e;
        }
    }

    /**
     * Deletes a name, as {@code ip netns delete} does. The namespace itself lives on while somebody holds it.
     *
     * @param name the name of a file in {@code /run/netns}
     * @throws IOException if there is none of that name or it can't be unmounted
     */
    public static void delete(String name) throws IOException {
        Path mountPoint = NAMED.get(0).resolve(checkName(name));
        int result = Native.LIBC.umount2(mountPoint.toString(), Constants.MNT_DETACH);
        if (result < 0 && Native.errno() != 22 /* EINVAL: not mounted, a left-over file */) {
            throw Native.failure("umount2", mountPoint);
        }
        Files.delete(mountPoint);
    }

    private static String checkName(String name) {
        if (name.isEmpty() || name.contains("/") || name.equals(".") || name.equals("..")) {
            throw new IllegalArgumentException("a namespace's name is that of one file, not \"" + name + "\"");
        }
        return name;
    }

    /**
     * Runs a short piece of work inside this namespace, on the calling thread, and returns: the bracket around everything that
     * creates sockets. May be nested. Costs two setns(2): a few microseconds.
     *
     * @param body creates sockets and nothing else, see {@link NamespaceBody}
     * @param <T> what the body makes
     * @param <X> what the body may throw
     * @return what the body made
     * @throws X from the body, after the thread has returned
     * @throws IOException if the namespace can't be entered; the body didn't run then
     * @throws IllegalStateException on a virtual thread
     * @throws NamespaceLostError if the thread can't return
     */
    public <T extends @Nullable Object, X extends Throwable> T call(NamespaceBody<T, X> body) throws IOException, X {
        ThreadNamespace thread = ThreadNamespace.ofCallingThread();
        int number = fd.acquire();
        try {
            int previous = thread.enter(number, this);
            T made;
            try {
                made = body.call();
            } catch (Throwable e) {
                leave(thread, previous, e);
                throw e;
            }
            leave(thread, previous, null);
            return made;
        } finally {
            fd.release();
        }
    }

    private void leave(ThreadNamespace thread, int previous, @Nullable Throwable fromBody) {
        try {
            thread.leave(previous);
        } catch (IOException e) {
            NamespaceLostError lost = new NamespaceLostError(toString(), e);
            if (fromBody != null) {
                lost.addSuppressed(fromBody);
            }
            Consumer<NamespaceLostError> handler = lostHandler;
            if (handler != null) {
                handler.accept(lost);
            }
            throw lost;
        }
    }

    /**
     * Sets what is run, on the stuck thread, when a thread can't return from this namespace; a server would end the process.
     *
     * @param handler called before {@link NamespaceLostError} is thrown
     */
    public void onLost(Consumer<NamespaceLostError> handler) {
        lostHandler = handler;
    }

    /** {@return what tells this namespace from any other, now and later} */
    public NamespaceIdentity identity() {
        return identity;
    }

    /** {@return the descriptor, still owned by this value: for passing to another process, or {@link OwnedFd#acquire}} */
    public OwnedFd fd() {
        return fd;
    }

    /**
     * Opens the same namespace once more.
     *
     * @return an independent value, to be closed by the caller
     * @throws IOException if this one is closed or the process has too many files open
     */
    public NetworkNamespace duplicate() throws IOException {
        return new NetworkNamespace(fd.duplicate(), identity, origin);
    }

    /** Closes the descriptor. Sockets made in the namespace live on, and so does the namespace while they do. */
    @Override
    public void close() {
        fd.close();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof NetworkNamespace that && that.identity.equals(identity);
    }

    @Override
    public int hashCode() {
        return identity.hashCode();
    }

    @Override
    public String toString() {
        return "network namespace " + identity + " (" + origin + ")";
    }
}

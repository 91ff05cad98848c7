package io.inpod.netns;

import io.inpod.netns.error.AlreadyClosedException;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A Linux network namespace: an open file descriptor, which keeps the namespace alive, and its identity. Two values are equal if
 * they refer to the same namespace, however they were opened.
 *
 * <p>Thread-safe. Entering one needs CAP_SYS_ADMIN in the user namespace that owns it and in the caller's, see setns(2). A thread that is
 * in it already needs no privilege for {@link #call}: nothing is switched then.
 */
public final class NetworkNamespace implements AutoCloseable {
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
     * Opens the namespace that a file refers to: a bind mount such as {@code /run/netns/NAME}, or {@code /proc/PID/ns/net}.
     *
     * @param path the file
     * @return the namespace, to be closed by the caller
     * @throws NotANetworkNamespaceException if the file is something else; the message says what
     * @throws NoSuchFileException if there is no such file, or the file belongs to a process that has ended (even if its parent hasn't
     *     waited for it yet)
     * @throws java.nio.file.AccessDeniedException if this process may not open it
     * @throws IOException if it can't be opened for another reason
     */
    public static NetworkNamespace open(Path path) throws IOException {
        int flags = Constants.O_RDONLY | Constants.O_CLOEXEC | Constants.O_NONBLOCK; // the last in order never to wait for a pipe's writer
        int fd = Native.LIBC.open(path.toString(), flags, 0);
        return adopt(OwnedFd.adopt(Native.check(fd, "open", path)), path.toString());
    }

    /**
     * Opens the network namespace of a process: that of its main thread, see {@link #ofThread} for the others.
     *
     * @param pid the process id as this process sees it, at least 1
     * @return the namespace, to be closed by the caller
     * @throws NoSuchFileException if there is no such process, or it has ended
     * @throws IOException if this process may not inspect it (ptrace(2), "Ptrace access mode checking")
     */
    public static NetworkNamespace ofProcess(long pid) throws IOException {
        return open(Path.of("/proc", number("process", pid), "ns", "net"));
    }

    /**
     * Opens the network namespace of one thread.
     *
     * @param pid the id of the thread's process as this process sees it, at least 1
     * @param tid the thread id, as in {@code /proc/PID/task}, at least 1; not Java's {@link Thread#getId()}
     * @return the namespace, to be closed by the caller
     * @throws NoSuchFileException if the process has no such thread, or the thread has ended
     * @throws IOException if this process may not inspect it, see {@link #ofProcess}
     */
    public static NetworkNamespace ofThread(long pid, long tid) throws IOException {
        return open(Path.of("/proc", number("process", pid), "task", number("thread", tid), "ns", "net"));
    }

    /**
     * Opens the network namespace of a container of any runtime: that of its oldest process, which is found by {@code /proc/PID/cgroup}.
     *
     * @param id its id as runtimes print it: 64 hexadecimal digits, or at least the first 12 if no other container's id begins with them
     * @return the namespace, to be closed by the caller
     * @throws NoSuchFileException if this process sees no process of such a container
     * @throws IOException if the ids of several containers begin like that, or this process may not inspect it, see {@link #ofProcess}
     */
    public static NetworkNamespace ofContainer(String id) throws IOException {
        return ContainerProcess.open(id);
    }

    /**
     * Opens the namespace that this process was started in: that of its first thread ({@code /proc/self/ns/net}). The {@code java} launcher
     * runs no Java code on that thread, which therefore never leaves it. In a container this is the container's namespace; the machine's is
     * {@code ofProcess(1)} for a process that sees the machine's processes. A program that embeds the JVM may have switched its first
     * thread itself.
     *
     * @return the namespace, to be closed by the caller
     * @throws IOException if the process has too many files open
     */
    public static NetworkNamespace initial() throws IOException {
        return open(Path.of("/proc/self/ns/net"));
    }

    /**
     * Opens a namespace by the name that {@code ip netns} shows, see ip-netns(8).
     *
     * @param name the name of a file in {@code /run/netns}, {@code /var/run/netns} or, where rootless tools keep theirs,
     *     {@code $XDG_RUNTIME_DIR/netns}; the first directory that has it is used
     * @return the namespace, to be closed by the caller
     * @throws NoSuchFileException if there is no namespace of that name
     * @throws NotANetworkNamespaceException if the file is something else, such as a leftover whose mount is gone
     * @throws IOException if it can't be opened
     */
    public static NetworkNamespace named(String name) throws IOException {
        return open(NamespaceNames.find(name));
    }

    /**
     * Returns the names that this namespace has now, as {@code ip netns identify} does: those of the files for which {@link #named} opens
     * it.
     *
     * @return the names, sorted; empty if it has none
     * @throws IOException if a directory can't be read
     */
    public List<String> names() throws IOException {
        return NamespaceNames.of(identity);
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
     * Takes ownership of a descriptor, for instance one that another process sent, after checking that it is a network namespace.
     *
     * @param fd the descriptor; closed if it is refused
     * @return the namespace, to be closed by the caller
     * @throws NotANetworkNamespaceException if the descriptor is something else
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
     * Creates a namespace that lives while a descriptor refers to it, or a process or socket is in it. Its loopback interface is down.
     *
     * @return the namespace, to be closed by the caller
     * @throws IOException if this process may not create one
     */
    public static NetworkNamespace create() throws IOException {
        return adopt(OwnedFd.adopt(Bracket.openNew()), "new");
    }

    /**
     * Creates a namespace with a name, as {@code ip netns add} does: it lives until {@link #delete(String)}.
     *
     * @param name the name of the file to be created in {@code /run/netns}
     * @return the namespace, to be closed by the caller
     * @throws IOException if the name is taken, or this process may not create or mount a namespace; nothing is left behind then
     */
    public static NetworkNamespace create(String name) throws IOException {
        NamespaceNames.reserve(name);
        NetworkNamespace created = null;
        try {
            created = create();
            return new NetworkNamespace(created.fd, created.identity, NamespaceNames.bind(created, name).toString());
        } catch (IOException | RuntimeException | Error e) {
            if (created != null) {
                created.close();
            }
            NamespaceNames.release(name);
            throw e;
        }
    }

    /**
     * Deletes a name, as {@code ip netns delete} does. The namespace itself lives on while something else holds it. An empty file, which
     * an unmounted namespace has left over, is deleted too. Of a symbolic link only the link is deleted: what it leads to stays.
     *
     * @param name the name of a file in {@code /run/netns}
     * @throws NoSuchFileException if there is no such name
     * @throws NotANetworkNamespaceException if the name is, or leads to, something else, such as another mount or a file with content;
     *     nothing is changed then
     * @throws IOException if it can't be unmounted
     */
    public static void delete(String name) throws IOException {
        NamespaceNames.delete(name);
    }

    private static String number(String what, long id) {
        if (id < 1) {
            throw new IllegalArgumentException("the id of a " + what + " is at least 1, not " + id);
        }
        return Long.toString(id);
    }

    /**
     * Runs a short piece of work inside this namespace, on the calling thread, and returns: the bracket around everything that
     * creates sockets. Calls may be nested. Each costs two setns(2), a few microseconds, and is recorded by Flight Recorder as the event
     * {@code io.inpod.NamespaceSwitch} if that is enabled. If the thread is in this namespace already, the body is run without a switch.
     *
     * <p>A socket belongs to the namespace in which its descriptor is made, which may be later than it seems. The JDK's channels make it
     * when they are opened, Netty's when they are constructed, {@link java.net.DatagramSocket} in its constructor.
     * {@link java.net.Socket} and {@link java.net.ServerSocket} make it when they are connected or bound; if the body returns one that has
     * none, it is made before the thread returns. Whatever else makes sockets later, or on its own threads, makes them in the wrong
     * namespace: an HTTP client's asynchronous call, {@link java.net.URLConnection}, a client that keeps connections. {@link
     * java.net.InetAddress} looks names up in the right namespace here, but the JVM keeps the answer for all others. {@code
     * docs/clients.md} says what to do instead for each.
     *
     * <p>Threads and processes that the body starts stay in this namespace until they end. If the body has started threads, this method
     * closes what it returned, if that is {@link AutoCloseable}, and throws an exception that names them; threads that have ended already
     * aren't noticed, nor is any if other threads live in the namespace, see {@link NamespaceThreads}, or if the runtime lacks the module
     * {@code java.management}. A program is run in a namespace by starting its process in the body. The JDK's thread that waits for the
     * process may be started there too, and keeps the namespace alive until a minute after the process has ended.
     *
     * @param body creates sockets and nothing else, see {@link NamespaceBody}
     * @param <T> the type of the body's result
     * @param <X> the type of exception the body may throw
     * @return the body's result
     * @throws X from the body, after the thread has returned
     * @throws IOException if the namespace can't be entered, in which case the body hasn't run; or if there is no descriptor for the socket
     *     that it returns
     * @throws IllegalStateException on a virtual thread; if something else has moved the thread since an outer call began; or, after the
     *     thread has returned, if the body has started a thread or returns a {@link java.net.URLConnection}
     * @throws NamespaceLostError if the thread can't return; an exception of the body is added to it as suppressed
     */
    public <T extends @Nullable Object, X extends Throwable> T call(NamespaceBody<T, X> body) throws IOException, X {
        return CheckedBody.call(this, body);
    }

    /**
     * Runs a short piece of work without a result inside this namespace; otherwise like {@link #call}.
     *
     * @param body the work, see {@link NamespaceBody}
     * @param <X> the type of exception the body may throw
     * @throws X from the body, after the thread has returned
     * @throws IOException if the namespace can't be entered; the body hasn't run then
     * @throws IllegalStateException as {@link #call}
     * @throws NamespaceLostError as {@link #call}
     */
    public <X extends Throwable> void run(NamespaceAction<X> body) throws IOException, X {
        this.<@Nullable Void, X>call(() -> {
            body.run();
            return null;
        });
    }

    /**
     * Sets the handler that runs on a thread that can't return from this namespace. A server ends the process here.
     *
     * @param handler called before {@link NamespaceLostError} is thrown; an exception that it throws is added to the error as suppressed
     */
    public void onLost(Consumer<NamespaceLostError> handler) {
        lostHandler = handler;
    }

    /** Acquires the descriptor as {@link OwnedFd#acquire} does, with an error that names the namespace if it is closed. */
    int acquire() throws AlreadyClosedException {
        try {
            return fd.acquire();
        } catch (AlreadyClosedException e) {
            throw new AlreadyClosedException(toString());
        }
    }

    @Nullable
    Consumer<NamespaceLostError> lostHandler() {
        return lostHandler;
    }

    /** {@return the identity, which no other namespace has} */
    public NamespaceIdentity identity() {
        return identity;
    }

    /** {@return the descriptor, still owned by this value; for passing to another process, or for {@link OwnedFd#acquire}} */
    public OwnedFd fd() {
        return fd;
    }

    /**
     * Returns the user namespace that owns this network namespace: capabilities apply here only if they are held in it or in one of
     * its ancestors, see ioctl_nsfs(2).
     *
     * @return the owning user namespace
     * @throws SystemCallException EPERM if it is neither the caller's own user namespace nor a descendant of it
     * @throws IOException if this value is closed or the process has too many files open
     */
    public UserNamespace owningUserNamespace() throws IOException {
        int number = acquire();
        try {
            return Relations.owningUserNamespace(number, this);
        } finally {
            fd.release();
        }
    }

    /**
     * Opens the same namespace again.
     *
     * @return an independent value, to be closed by the caller
     * @throws IOException if this one is closed or the process has too many files open
     */
    public NetworkNamespace duplicate() throws IOException {
        acquire();
        try {
            return new NetworkNamespace(fd.duplicate(), identity, origin);
        } finally {
            fd.release();
        }
    }

    /** Closes the descriptor. Sockets that were created in the namespace live on and keep the namespace alive. */
    @Override
    public void close() {
        fd.close();
    }

    /**
     * Returns whether a socket was created in this namespace, see SIOCGSKNS in linux/sockios.h.
     *
     * @param socket a socket of this process
     * @return whether it belongs to this namespace; false if the kernel refuses to say
     * @throws IOException if the descriptor is closed
     */
    public boolean containsSocket(OwnedFd socket) throws IOException {
        int fd = socket.acquire();
        try {
            return identity().equals(Relations.ofSocket(fd));
        } finally {
            socket.release();
        }
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

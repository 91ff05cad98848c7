package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The network namespace that a platform thread is in: its own, opened once per thread, or the one that it has entered.
 *
 * <p>{@code /proc/self} is the thread group's leader, which isn't even Java's main thread. Only {@code /proc/thread-self} is the calling
 * thread.
 */
final class ThreadNamespace {
    private static final String OWN = "/proc/thread-self/ns/net";
    /** Compiled code may be left for interpreted code in between, whose frames need more stack. */
    private static final int SPARE_FRAMES = 64;

    private static final ThreadLocal<@Nullable ThreadNamespace> CURRENT = new ThreadLocal<>();
    private static final ReferenceQueue<ThreadNamespace> ENDED = new ReferenceQueue<>();
    private static final Set<Home> HOMES = ConcurrentHashMap.newKeySet();
    private static final @Nullable MethodHandle IS_VIRTUAL = isVirtual();

    static {
        // The JDK's channels open a hidden unix socket when their classes are loaded (Java 25: with the first channel) and keep it
        // forever. Opened inside a bracket, it would keep that namespace alive until this process ends.
        try {
            ServerSocketChannel.open().close();
            SocketChannel.open().close();
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int home;
    private final NamespaceIdentity homeIdentity;
    private int current;
    private NamespaceIdentity currentIdentity;
    private int depth;
    private boolean returns;
    private boolean lost;

    private ThreadNamespace(int home, NamespaceIdentity homeIdentity) {
        this.home = home;
        this.homeIdentity = homeIdentity;
        this.current = home;
        this.currentIdentity = homeIdentity;
    }

    /** The namespace of the calling thread, which must be a platform thread. */
    static ThreadNamespace ofCallingThread() throws IOException {
        ThreadNamespace known = CURRENT.get();
        if (known != null) {
            return known;
        }
        refuseVirtualThread();
        closeThoseOfEndedThreads();
        int home = open();
        ThreadNamespace opened;
        try {
            opened = new ThreadNamespace(home, NamespaceFile.identity(home));
        } catch (IOException | Error e) {
            Native.LIBC.close(home);
            throw e;
        }
        HOMES.add(new Home(opened));
        CURRENT.set(opened);
        return opened;
    }

    /** Whether the calling thread is inside a bracket, so that a thread that it starts now would belong to a foreign namespace. */
    static boolean isSwitched() {
        ThreadNamespace known = CURRENT.get();
        return known != null && (known.depth > 0 || known.lost);
    }

    /** Closes the descriptor that is kept for the calling thread, which is about to end: it would keep the namespace alive. */
    static void forget() {
        ThreadNamespace known = CURRENT.get();
        if (known != null) {
            CURRENT.remove();
            HOMES.stream().filter(home -> home.fd == known.home).forEach(Home::close);
        }
    }

    /** A new descriptor of the namespace that the calling thread is in now. */
    static int open() throws IOException {
        return Native.check(Native.LIBC.open(OWN, Constants.O_RDONLY | Constants.O_CLOEXEC, 0), "open", OWN);
    }

    /** The descriptor of the namespace in which this object expects the thread to be, for {@link #leave}. */
    int current() {
        return current;
    }

    /** The identity of {@link #current}, for {@link #leave}. */
    NamespaceIdentity currentIdentity() {
        return currentIdentity;
    }

    /** Whether the thread is stuck in a foreign namespace and must not run anything. */
    boolean isLost() {
        return lost;
    }

    /** Whether the thread is in this namespace already, where it needs neither a switch nor the privilege for one. */
    boolean isIn(NamespaceIdentity identity) throws IOException {
        return identity.equals(currentIdentity) && identity.equals(NamespaceFile.identity(OWN));
    }

    /** In a user namespace that doesn't own it, a thread could leave its namespace but never return: fails before it leaves. */
    private void makeSureThatItReturns() throws IOException {
        if (!returns) {
            Native.check(Native.LIBC.setns(home, Constants.CLONE_NEWNET), "setns",
                    "the thread's own namespace, " + homeIdentity + " (to make sure that the thread can return to it)");
            returns = true;
        }
    }

    /** Switches to another namespace. */
    void enter(int namespace, NamespaceIdentity identity, Object subject) throws IOException {
        makeSureThatItReturns();
        compareIfNested();
        Native.check(setns(namespace, SPARE_FRAMES), "setns", subject);
        current = namespace;
        currentIdentity = identity;
        depth++;
    }

    /** Switches to a new namespace. */
    void enterNew() throws IOException {
        makeSureThatItReturns();
        compareIfNested();
        Native.check(unshare(SPARE_FRAMES), "unshare", "the calling thread's network namespace");
        depth++;
    }

    /** Switches back to the previous namespace. If this fails and the thread isn't in that namespace anyway, it is lost. */
    void leave(int previous, NamespaceIdentity identity) throws IOException {
        lost = true; // until the thread has returned, whatever is thrown here
        if (setns(previous, 0) < 0) {
            IOException failure = Native.failure("setns", previous == home ? "the thread's own namespace, " + identity : identity);
            if (!identity.equals(actualIdentity(failure))) {
                throw failure;
            }
        }
        current = previous;
        currentIdentity = identity;
        depth--;
        lost = false;
    }

    /** Throws a StackOverflowError before the switch begins if the stack may be too short to end it. */
    static void needRoom() {
        frames(2 * SPARE_FRAMES);
    }

    private static int frames(int spare) {
        return spare == 0 ? 0 : 1 + frames(spare - 1);
    }

    /**
     * Enters deeper down the stack than it leaves: a thread with enough stack to enter has enough to leave, however deeply the body
     * recursed. Both directions use this method, because compiled code with inlined calls needs less stack than other code that makes the
     * same calls.
     */
    private static int setns(int namespace, int spare) {
        return spare == 0 ? Native.LIBC.setns(namespace, Constants.CLONE_NEWNET) : setns(namespace, spare - 1);
    }

    private static int unshare(int spare) {
        return spare == 0 ? Native.LIBC.unshare(Constants.CLONE_NEWNET) : unshare(spare - 1);
    }

    /**
     * Only a nested switch pays for this check. If other code has switched the thread in between, it would return to the wrong namespace.
     */
    private void compareIfNested() throws IOException {
        if (depth > 0) {
            NamespaceIdentity actual = NamespaceFile.identity(OWN);
            if (!actual.equals(currentIdentity)) {
                throw new IllegalStateException(
                        "the calling thread should be in " + currentIdentity + " but something else has moved it to " + actual);
            }
        }
    }

    private static @Nullable NamespaceIdentity actualIdentity(IOException because) {
        try {
            return NamespaceFile.identity(OWN);
        } catch (IOException e) {
            because.addSuppressed(e);
            return null;
        }
    }

    static void refuseVirtualThread() {
        if (isVirtual(Thread.currentThread())) {
            throw new IllegalStateException("a virtual thread can't enter a network namespace: the switch would move its carrier"
                    + " thread, and with it every other virtual thread that runs there; use a platform thread or a NamespaceExecutor");
        }
    }

    /** Whether a thread is virtual; Java 17 has no virtual threads. */
    static boolean isVirtual(Thread thread) {
        try {
            return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invokeExact(thread);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("Thread.isVirtual() failed", e);
        }
    }

    private static @Nullable MethodHandle isVirtual() {
        try {
            return MethodHandles.lookup().findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
        } catch (NoSuchMethodException e) {
            return null; // Java 17 has only platform threads
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The library has no thread that could wait for threads to end: an ended thread's descriptor is closed when the next thread begins. */
    private static void closeThoseOfEndedThreads() {
        for (Object ended = ENDED.poll(); ended != null; ended = ENDED.poll()) {
            ((Home) ended).close();
        }
    }

    private static final class Home extends PhantomReference<ThreadNamespace> {
        private final int fd;

        Home(ThreadNamespace thread) {
            super(thread, ENDED);
            this.fd = thread.home;
        }

        void close() {
            if (HOMES.remove(this)) {
                Native.LIBC.close(fd);
            }
        }
    }
}

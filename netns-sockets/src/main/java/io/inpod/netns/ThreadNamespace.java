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
 * The network namespace a platform thread is in: its own, opened once per thread, or the one it has entered.
 *
 * <p>{@code /proc/self} is the thread group's leader, which isn't even Java's main thread: only {@code /proc/thread-self} tells
 * where the calling thread is.
 */
final class ThreadNamespace {
    private static final String OWN = "/proc/thread-self/ns/net";
    private static final int SPARE_FRAMES = 32;
    private static final ThreadLocal<@Nullable ThreadNamespace> CURRENT = new ThreadLocal<>();
    private static final ReferenceQueue<ThreadNamespace> ENDED = new ReferenceQueue<>();
    private static final Set<Home> HOMES = ConcurrentHashMap.newKeySet();
    private static final @Nullable MethodHandle IS_VIRTUAL = isVirtual();

    static {
        // The JDK's channels make a hidden unix socket when their classes are loaded (Java 25: with the first channel), which they keep
        // for ever. Made inside a bracket it would keep that namespace alive as long as this process.
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
    private boolean lost;

    private ThreadNamespace(int home, NamespaceIdentity homeIdentity) {
        this.home = home;
        this.homeIdentity = homeIdentity;
        this.current = home;
        this.currentIdentity = homeIdentity;
    }

    /** The calling thread's, which must be a platform thread. */
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
            // In a user namespace that doesn't own it a thread could leave its namespace but never return: better told before.
            Native.check(Native.LIBC.setns(home, Constants.CLONE_NEWNET), "setns", "the thread's own namespace, " + opened.homeIdentity + " (to be sure of the way back)");
        } catch (IOException | Error e) {
            Native.LIBC.close(home);
            throw e;
        }
        HOMES.add(new Home(opened));
        CURRENT.set(opened);
        return opened;
    }

    /** Whether the calling thread is inside a bracket, so that a thread which it starts now would be born in a foreign namespace. */
    static boolean isSwitched() {
        ThreadNamespace known = CURRENT.get();
        return known != null && (known.depth > 0 || known.lost);
    }

    /** A new descriptor of the namespace that the calling thread is in now. */
    static int open() throws IOException {
        return Native.check(Native.LIBC.open(OWN, Constants.O_RDONLY | Constants.O_CLOEXEC, 0), "open", OWN);
    }

    /** Where the thread is according to this bookkeeping; {@link #leave} needs it. */
    int current() {
        return current;
    }

    /** Which namespace {@link #current} stands for; {@link #leave} needs it. */
    NamespaceIdentity currentIdentity() {
        return currentIdentity;
    }

    /** Whether the thread is stuck where it may not run anything. */
    boolean isLost() {
        return lost;
    }

    /** Switches to another namespace. */
    void enter(int namespace, NamespaceIdentity identity, Object subject) throws IOException {
        compareIfNested();
        Native.check(setns(namespace, SPARE_FRAMES), "setns", subject);
        current = namespace;
        currentIdentity = identity;
        depth++;
    }

    /** Switches to a namespace that didn't exist before. */
    void enterNew() throws IOException {
        compareIfNested();
        Native.check(unshare(SPARE_FRAMES), "unshare", "the calling thread's network namespace");
        depth++;
    }

    /** Switches back to what was current before; if this fails and the thread isn't there anyway, it is lost. */
    void leave(int previous, NamespaceIdentity identity) throws IOException {
        lost = true; // until the thread is back, whatever is thrown here
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

    /** Fails with a StackOverflowError, before anything has begun, where there may be no room to end it. */
    static void needRoom() {
        frames(2 * SPARE_FRAMES);
    }

    private static int frames(int spare) {
        return spare == 0 ? 0 : 1 + frames(spare - 1);
    }

    /**
     * There further down the stack than back: who has the room to enter has the room to leave, however deep the body recursed. Both ways
     * through this method, since compiled with what it calls it needs less room than others that call the same.
     */
    private static int setns(int namespace, int spare) {
        return spare == 0 ? Native.LIBC.setns(namespace, Constants.CLONE_NEWNET) : setns(namespace, spare - 1);
    }

    private static int unshare(int spare) {
        return spare == 0 ? Native.LIBC.unshare(Constants.CLONE_NEWNET) : unshare(spare - 1);
    }

    /** Only a nested switch pays for this: somebody else's switch in between would make the way back lead to the wrong place. */
    private void compareIfNested() throws IOException {
        if (depth > 0) {
            NamespaceIdentity actual = NamespaceFile.identity(OWN);
            if (!actual.equals(currentIdentity)) {
                throw new IllegalStateException("the calling thread should be in " + currentIdentity + " but something else has moved it to " + actual);
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

    private static void refuseVirtualThread() {
        if (isVirtual(Thread.currentThread())) {
            throw new IllegalStateException("a virtual thread can't enter a network namespace: the switch would move its carrier"
                    + " thread, and with it every other virtual thread that runs there; use a platform thread, or a NamespaceExecutor");
        }
    }

    /** Whether a thread is a virtual one, which Java 17 doesn't know. */
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

    /** Without a thread of its own to wait for them, an ended thread's descriptor is closed when the next thread begins. */
    private static void closeThoseOfEndedThreads() {
        for (Object ended = ENDED.poll(); ended != null; ended = ENDED.poll()) {
            ((Home) ended).close();
        }
    }

    private static final class Home extends PhantomReference<ThreadNamespace> {
        private final int fd;

        Home(ThreadNamespace owner) {
            super(owner, ENDED);
            this.fd = owner.home;
        }

        void close() {
            HOMES.remove(this);
            Native.LIBC.close(fd);
        }
    }
}

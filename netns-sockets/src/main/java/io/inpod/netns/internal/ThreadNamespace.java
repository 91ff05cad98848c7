package io.inpod.netns.internal;

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
public final class ThreadNamespace {
    private static final String OWN = "/proc/thread-self/ns/net";
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
    private int current;

    private ThreadNamespace(int home) {
        this.home = home;
        this.current = home;
    }

    /** The calling thread's, which must be a platform thread. */
    public static ThreadNamespace ofCallingThread() throws IOException {
        ThreadNamespace known = CURRENT.get();
        if (known != null) {
            return known;
        }
        refuseVirtualThread();
        closeThoseOfEndedThreads();
        ThreadNamespace opened = new ThreadNamespace(open());
        HOMES.add(new Home(opened));
        CURRENT.set(opened);
        return opened;
    }

    /** A new descriptor of the namespace that the calling thread is in now. */
    public static int open() throws IOException {
        return Native.check(Native.LIBC.open(OWN, Constants.O_RDONLY | Constants.O_CLOEXEC, 0), "open", OWN);
    }

    /** Switches to another namespace; returns what {@link #leave} needs. */
    public int enter(int namespace, Object subject) throws IOException {
        Native.check(Native.LIBC.setns(namespace, Constants.CLONE_NEWNET), "setns", subject);
        int previous = current;
        current = namespace;
        return previous;
    }

    /** Switches to a namespace that didn't exist before; returns what {@link #leave} needs. */
    public int enterNew() throws IOException {
        Native.check(Native.LIBC.unshare(Constants.CLONE_NEWNET), "unshare", "the calling thread's network namespace");
        return current;
    }

    /** Switches back. */
    public void leave(int previous) throws IOException {
        Native.check(Native.LIBC.setns(previous, Constants.CLONE_NEWNET), "setns", "the thread's own namespace");
        current = previous;
    }


    private static void refuseVirtualThread() {
        try {
            if (IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invokeExact(Thread.currentThread())) {
                throw new IllegalStateException("a virtual thread can't enter a network namespace: the switch would move its carrier"
                        + " thread, and with it every other virtual thread that runs there; use a platform thread");
            }
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

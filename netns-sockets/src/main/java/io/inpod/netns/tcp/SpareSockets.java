package io.inpod.netns.tcp;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.internal.Native;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes sockets in a namespace, several at a time while they are needed in quick succession: entering and leaving the namespace takes as
 * long as making some. Those that nobody has needed for a second are closed. Thread-safe.
 */
final class SpareSockets implements AutoCloseable {
    private static final int AT_ONCE = 8;
    /** Those who need sockets more often need several at a time. */
    private static final long OFTEN_NANOS = 5_000_000;
    private static final long KEPT_NANOS = 1_000_000_000;

    private final NetworkNamespace namespace;
    private final boolean v4;
    private final int[] spare = new int[AT_ONCE];
    private int spares;
    private long lastNanos = System.nanoTime() - OFTEN_NANOS;
    private boolean watched;
    private boolean closed;

    SpareSockets(NetworkNamespace namespace, boolean v4) {
        this.namespace = namespace;
        this.v4 = v4;
        TcpCalls.load();
    }

    /** Returns a socket without options, now the caller's to close. Without an event loop, only one is made. */
    synchronized int take(@Nullable EventLoop loop) throws IOException {
        long now = System.nanoTime();
        boolean often = now - lastNanos < OFTEN_NANOS;
        lastNanos = now;
        if (spares == 0) {
            make(often && loop != null && !closed ? AT_ONCE : 1);
            if (spares > 1 && loop != null && !watched) {
                watch(loop);
            }
        }
        return spare[--spares];
    }

    private void make(int wanted) throws IOException {
        int errno = namespace.<Integer, RuntimeException>call(() -> {
            while (spares < wanted) {
                int fd = TcpCalls.socket(v4);
                if (fd < 0) {
                    return Native.errno();
                }
                spare[spares++] = fd;
            }
            return 0;
        });
        if (spares == 0) {
            throw Native.failure("socket", namespace, errno);
        }
        if (errno != 0) {
            closeAllBut(1); // others need them more
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing; if the loop ends before, close() closes them
    private void watch(EventLoop loop) {
        try {
            loop.schedule(() -> look(loop), KEPT_NANOS, TimeUnit.NANOSECONDS);
            watched = true;
        } catch (RejectedExecutionException e) { // the loop ends
            closeAllBut(1);
        }
    }

    private synchronized void look(EventLoop loop) {
        watched = false;
        if (System.nanoTime() - lastNanos >= KEPT_NANOS) {
            closeAllBut(0);
        } else if (spares > 0) {
            watch(loop);
        }
    }

    private void closeAllBut(int kept) {
        while (spares > kept) {
            Native.LIBC.close(spare[--spares]);
        }
    }

    /** From now on no more is made than is needed. */
    @Override
    public synchronized void close() {
        closed = true;
        closeAllBut(0);
    }
}

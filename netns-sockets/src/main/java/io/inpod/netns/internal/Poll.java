package io.inpod.netns.internal;

import io.inpod.netns.internal.SocketStructs.Pollfd;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** Waits for one descriptor, see poll(2). */
public final class Poll {
    private static final int EINTR = 4;

    private Poll() {}

    /** Returns when the descriptor is readable or ended; a zero timeout waits for ever. */
    public static void readable(int fd, Duration timeout, Object subject) throws IOException {
        await(fd, Constants.POLLIN, timeout, subject);
    }

    /** Returns when the descriptor is writable or ended; a zero timeout waits for ever. */
    public static void writable(int fd, Duration timeout, Object subject) throws IOException {
        await(fd, Constants.POLLOUT, timeout, subject);
    }

    private static void await(int fd, short events, Duration timeout, Object subject) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        ByteBuffer poll = Native.buffer(Pollfd.STRUCT.size());
        Pollfd.FD.put(poll, 0, fd);
        Pollfd.EVENTS.put(poll, 0, events);
        for (; ; ) {
            int millis = timeout.isZero() ? -1 : (int) Math.max(0, Math.min(Integer.MAX_VALUE, (deadline - System.nanoTime() + 999_999) / 1_000_000));
            int ready = Native.LIBC.poll(poll, 1, millis);
            if (ready > 0) {
                return;
            }
            if (ready == 0) {
                throw new SocketTimeoutException("nothing happened on " + subject + " within " + timeout.toMillis() + " ms");
            }
            if (Native.errno() != EINTR) {
                throw Native.failure("poll", subject);
            }
        }
    }
}

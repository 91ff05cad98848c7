package io.inpod.netns.internal;

import io.inpod.netns.internal.SocketStructs.Pollfd;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** Waits for one descriptor, see poll(2). */
public final class Poll {
    private Poll() {}

    /** Returns when the descriptor is readable or at its end. A zero timeout waits indefinitely. */
    public static void readable(int fd, Duration timeout, Object subject) throws IOException {
        readable(fd, Deadline.in(timeout), subject);
    }

    /** Returns when the descriptor is readable or at its end. */
    public static void readable(int fd, Deadline deadline, Object subject) throws IOException {
        ByteBuffer poll = Native.buffer(Pollfd.STRUCT.size());
        Pollfd.FD.put(poll, 0, fd);
        Pollfd.EVENTS.put(poll, 0, Constants.POLLIN);
        for (;;) {
            int millis = deadline.millis();
            int ready = Native.LIBC.poll(poll, 1, millis);
            if (ready > 0) {
                return;
            }
            if (ready == 0 && millis < Integer.MAX_VALUE) {
                throw new SocketTimeoutException("nothing happened on " + subject + " within " + deadline.timeout().toMillis() + " ms");
            }
            if (ready < 0 && Native.errno() != Constants.EINTR) {
                throw Native.failure("poll", subject);
            }
        }
    }
}

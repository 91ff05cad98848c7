package io.inpod.netns.socket;

import java.nio.ByteBuffer;

/**
 * What a socket holds of the kernel's memory, in bytes, with what the kernel needs for itself. See SO_MEMINFO in
 * {@code linux/sock_diag.h}, and {@code skmem} in ss(8).
 *
 * @param received what waits to be read
 * @param receiveBuffer how much that may be
 * @param inTransit what has left the socket, and is still in a queue of this host
 * @param sendBuffer how much may wait to be sent and acknowledged
 * @param reserved what the socket may use without asking for more
 * @param unacknowledged what waits to be sent, or for the peer's acknowledgement
 * @param settings for options and ancillary data
 * @param backlog what has arrived while the socket was in use
 * @param dropped how many packets were dropped because there was no room
 */
public record SocketMemory(long received, long receiveBuffer, long inTransit, long sendBuffer, long reserved, long unacknowledged,
        long settings, long backlog, long dropped) {
    private static final int FIELDS = 9;
    static final int BYTES = FIELDS * Integer.BYTES;

    static SocketMemory read(ByteBuffer values) {
        long[] v = new long[FIELDS];
        for (int i = 0; i < FIELDS; i++) {
            v[i] = Integer.toUnsignedLong(values.getInt(i * Integer.BYTES));
        }
        return new SocketMemory(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]);
    }

    /** {@return what the socket holds: all that was received, that waits to be sent or acknowledged, and that is reserved} */
    public long held() {
        return received + unacknowledged + reserved + backlog;
    }
}

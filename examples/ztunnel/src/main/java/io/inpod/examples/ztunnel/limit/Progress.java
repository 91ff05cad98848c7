package io.inpod.examples.ztunnel.limit;

import io.netty.channel.ChannelException;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.util.AttributeKey;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * What a connection has moved when it was last looked at: bytes that its peer has acknowledged, and bytes that were received. To be used by
 * one thread.
 */
record Progress(long bytes, long nanos) {
    private static final AttributeKey<Progress> KEY = AttributeKey.valueOf(Progress.class, "progress");
    private static final int BYTES_ACKED = 120; // offsets in struct tcp_info of include/uapi/linux/tcp.h, since Linux 4.1
    private static final int BYTES_RECEIVED = 128;
    private static final RawUnixChannelOption TCP_INFO = new RawUnixChannelOption("TCP_INFO", 6, 11, BYTES_RECEIVED + Long.BYTES);
    /** What moves slower than in that time waits for somebody. */
    private static final double SECONDS = 8;
    /** Several times the pause between two looks. */
    private static final double RECENT = 10;

    /** Whether a connection has moved so little since the last look that what it holds would need longer than eight seconds. */
    static boolean isStuck(SocketChannel socket, long held) {
        Progress now = of(socket);
        Progress before = socket.attr(KEY).getAndSet(now);
        return now != null && before != null && isStuck(before, now, held);
    }

    /** What was seen long ago says nothing about now: nobody looks while there is memory enough. */
    static boolean isStuck(Progress before, Progress now, long held) {
        double seconds = (now.nanos - before.nanos) / 1e9;
        return seconds <= RECENT && (now.bytes - before.bytes) * SECONDS < held * seconds;
    }

    private static @Nullable Progress of(SocketChannel socket) {
        try {
            ByteBuffer info = socket.config().getOption(TCP_INFO).order(ByteOrder.nativeOrder());
            return new Progress(info.getLong(BYTES_ACKED) + info.getLong(BYTES_RECEIVED), System.nanoTime());
        } catch (ChannelException closed) {
            return null;
        }
    }
}

package io.inpod.tproxy.relay;

import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What was written to a socket and isn't acknowledged by the peer's kernel yet, from TCP_INFO, see tcp(7). On the event loop only. */
final class SendQueue {
    private static final int TCP_CLOSE = 7; // include/net/tcp_states.h
    private static final int SEGMENT_BYTES = 16;
    private static final int UNACKED = 24; // packets; offsets in struct tcp_info of include/uapi/linux/tcp.h
    private static final int NOTSENT_BYTES = 144; // since Linux 4.6
    private static final RawUnixChannelOption TCP_INFO = new RawUnixChannelOption("TCP_INFO", 6, 11, NOTSENT_BYTES + Integer.BYTES);

    private SendQueue() {}

    /** Whether the kernel has ended the connection. */
    static boolean isClosed(SocketChannel socket) {
        return state(socket) == TCP_CLOSE;
    }

    /** The state of the connection, by its number in include/net/tcp_states.h. */
    static int state(SocketChannel socket) {
        return socket.config().getOption(TCP_INFO).get(0);
    }

    /** Whether a part of what was written, or the end of the output, is not acknowledged. False if the connection has ended. */
    static boolean isPending(SocketChannel socket) {
        return bytes(socket) > 0;
    }

    /** About how many bytes are not acknowledged. Zero if the connection has ended. */
    static long bytes(SocketChannel socket) {
        if (!socket.isOpen()) {
            return 0;
        }
        ByteBuffer info = socket.config().getOption(TCP_INFO).order(ByteOrder.nativeOrder());
        if (info.get(0) == TCP_CLOSE) {
            return 0;
        }
        return (long) info.getInt(UNACKED) * Math.max(1, info.getInt(SEGMENT_BYTES)) + info.getInt(NOTSENT_BYTES);
    }
}

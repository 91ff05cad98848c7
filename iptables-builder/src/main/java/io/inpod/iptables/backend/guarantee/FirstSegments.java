package io.inpod.iptables.backend.guarantee;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.PacketSocket;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Watches a namespace for the first segments of TCP connections: a SYN can carry data, so it counts even if nothing answers it. A datagram
 * sent after it, by the same way, shows that it isn't still under way. For one thread.
 */
final class FirstSegments implements AutoCloseable {
    private static final int ETHERNET_BYTES = 14;
    private static final int IPV6_BYTES = 40;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int FLAGS_OFFSET = 13;
    private static final int SYN_ACK_BITS = 0x12;
    private static final int SYN_BIT = 0x02;

    private final PacketSocket socket;
    private final ByteBuffer frame = ByteBuffer.allocateDirect(2048);

    private FirstSegments(PacketSocket socket) {
        this.socket = socket;
    }

    static FirstSegments in(NetworkNamespace namespace) throws IOException {
        return new FirstSegments(PacketSocket.open(namespace, 0));
    }

    /** Returns whether the first segment of a connection to a port passed before a datagram to another port did. */
    boolean before(int fence, int port, Duration patience) throws IOException {
        long end = System.nanoTime() + patience.toNanos();
        boolean seen = false;
        while (true) {
            Duration left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
            try {
                socket.receive(frame.clear(), left);
            } catch (SocketTimeoutException e) {
                return seen;
            }
            int header = transportHeader();
            if (header < 0) {
                continue;
            }
            int protocol = protocol();
            int to = Short.toUnsignedInt(frame.getShort(header + 2));
            seen |= protocol == TCP && to == port && (frame.get(header + FLAGS_OFFSET) & SYN_ACK_BITS) == SYN_BIT;
            if (protocol == UDP && to == fence) {
                return seen;
            }
        }
    }

    private boolean isIpv4() {
        return frame.get(ETHERNET_BYTES) >> 4 == 4;
    }

    private int protocol() {
        return frame.get(ETHERNET_BYTES + (isIpv4() ? 9 : 6));
    }

    /** Returns where the header of TCP or UDP begins, or -1 if the frame has none. */
    private int transportHeader() {
        if (frame.limit() < ETHERNET_BYTES + 20) {
            return -1;
        }
        int start = ETHERNET_BYTES + (isIpv4() ? (frame.get(ETHERNET_BYTES) & 0xf) * 4 : IPV6_BYTES);
        return frame.limit() > start + FLAGS_OFFSET || protocol() == UDP && frame.limit() >= start + 8 ? start : -1;
    }

    @Override
    public void close() {
        socket.close();
    }
}

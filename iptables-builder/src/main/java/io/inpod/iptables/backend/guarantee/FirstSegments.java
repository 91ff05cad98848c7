package io.inpod.iptables.backend.guarantee;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.PacketSocket;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Watches a namespace for the first segments of TCP connections to one port: a SYN can carry data, so it counts even if nothing answers it.
 * For one thread.
 */
final class FirstSegments implements AutoCloseable {
    private static final int ETHERNET_BYTES = 14;
    private static final int IPV6_BYTES = 40;
    private static final int TCP = 6;
    private static final int FLAGS_OFFSET = 13;
    private static final int SYN_ACK_BITS = 0x12;
    private static final int SYN_BIT = 0x02;
    /** The shortest time that isn't for ever. */
    private static final Duration AT_ONCE = Duration.ofMillis(1);

    private final PacketSocket socket;
    private final int port;
    private final ByteBuffer frame = ByteBuffer.allocateDirect(2048);

    private FirstSegments(PacketSocket socket, int port) {
        this.socket = socket;
        this.port = port;
    }

    static FirstSegments in(NetworkNamespace namespace, int port) throws IOException {
        return new FirstSegments(PacketSocket.open(namespace, 0), port);
    }

    /** Returns whether one has passed since the last call. */
    boolean passed() throws IOException {
        boolean passed = false;
        while (true) {
            try {
                socket.receive(frame.clear(), AT_ONCE);
            } catch (SocketTimeoutException e) {
                return passed;
            }
            passed |= isFirstSegment();
        }
    }

    private boolean isFirstSegment() {
        if (frame.limit() < ETHERNET_BYTES + 20) {
            return false;
        }
        boolean ipv4 = frame.get(ETHERNET_BYTES) >> 4 == 4;
        int header = ETHERNET_BYTES + (ipv4 ? (frame.get(ETHERNET_BYTES) & 0xf) * 4 : IPV6_BYTES);
        return frame.get(ETHERNET_BYTES + (ipv4 ? 9 : 6)) == TCP && frame.limit() > header + FLAGS_OFFSET
                && Short.toUnsignedInt(frame.getShort(header + 2)) == port && (frame.get(header + FLAGS_OFFSET) & SYN_ACK_BITS) == SYN_BIT;
    }

    @Override
    public void close() {
        socket.close();
    }
}

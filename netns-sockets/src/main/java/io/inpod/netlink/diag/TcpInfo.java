package io.inpod.netlink.diag;

import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * What the kernel knows about a connection of TCP, TCP_INFO of tcp(7) and struct tcp_info of linux/tcp.h. Older kernels know less: what
 * they don't tell is 0.
 *
 * @param roundTrip the round-trip time, smoothed
 * @param roundTripVariation how much it varies: the mean deviation
 * @param shortestRoundTrip the shortest round-trip time of the last minutes
 * @param retransmissionTimeout after which time without an acknowledgement a segment is sent again
 * @param unansweredRetransmissions how often in a row the present segment has been sent again
 * @param retransmissions how many segments have been sent again since the beginning
 * @param lost how many segments are believed to be lost now
 * @param unacknowledged how many segments aren't acknowledged yet
 * @param congestionWindow how many segments may be under way
 * @param slowStartThreshold above how many segments the window grows slowly; 2³¹-1 until something has been lost
 * @param sendSegmentSize the largest segment that is sent, in bytes
 * @param pathMtu the largest packet on the path, in bytes
 * @param bytesSent bytes of data sent, including those sent again
 * @param bytesRetransmitted bytes of data sent again
 * @param bytesAcknowledged bytes of data that the peer has acknowledged
 * @param bytesReceived bytes of data received
 * @param bytesNotSent bytes that the process has written and that haven't been sent
 * @param segmentsSent segments sent
 * @param segmentsReceived segments received
 * @param deliveryRate the latest rate at which data has been delivered, in bytes per second
 * @param pacingRate the rate at which it is sent, in bytes per second; negative, which is the largest unsigned number, without a limit
 * @param sinceDataSent how long ago data was sent
 * @param sinceDataReceived how long ago data was received
 * @param congestionControl the name of the algorithm, such as {@code "cubic"}; empty if the kernel doesn't tell
 */
public record TcpInfo(
        Duration roundTrip,
        Duration roundTripVariation,
        Duration shortestRoundTrip,
        Duration retransmissionTimeout,
        int unansweredRetransmissions,
        long retransmissions,
        long lost,
        long unacknowledged,
        long congestionWindow,
        long slowStartThreshold,
        long sendSegmentSize,
        long pathMtu,
        long bytesSent,
        long bytesRetransmitted,
        long bytesAcknowledged,
        long bytesReceived,
        long bytesNotSent,
        long segmentsSent,
        long segmentsReceived,
        long deliveryRate,
        long pacingRate,
        Duration sinceDataSent,
        Duration sinceDataReceived,
        String congestionControl) {
    private static final long NANOS_PER_MICRO = 1000;

    /** Reads a struct tcp_info, which grows with the kernel's versions and therefore isn't among the tables of structs. */
    static TcpInfo parse(ByteBuffer info, String congestionControl) {
        return new TcpInfo(micros(info, 68), micros(info, 72), micros(info, 148), micros(info, 8),
                info.limit() > 2 ? info.get(2) & 0xff : 0, u32(info, 100), u32(info, 32), u32(info, 24), u32(info, 80), u32(info, 76),
                u32(info, 16), u32(info, 60), u64(info, 200), u64(info, 208), u64(info, 120), u64(info, 128), u32(info, 144),
                u32(info, 136), u32(info, 140), u64(info, 160), u64(info, 104), Duration.ofMillis(u32(info, 44)),
                Duration.ofMillis(u32(info, 52)), congestionControl);
    }

    private static Duration micros(ByteBuffer info, int offset) {
        return Duration.ofNanos(u32(info, offset) * NANOS_PER_MICRO);
    }

    private static long u32(ByteBuffer info, int offset) {
        return offset + Integer.BYTES <= info.limit() ? info.getInt(offset) & 0xffffffffL : 0;
    }

    private static long u64(ByteBuffer info, int offset) {
        return offset + Long.BYTES <= info.limit() ? info.getLong(offset) : 0;
    }
}

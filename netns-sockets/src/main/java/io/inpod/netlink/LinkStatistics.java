package io.inpod.netlink;

import java.nio.ByteBuffer;

/**
 * What an interface has carried since it was created, see {@code ip -s link} and the kernel's Documentation/networking/statistics.rst. A
 * number that the driver doesn't count is 0. Of a veth, what one end has sent the other has received.
 *
 * @param receivedPackets packets received
 * @param receivedBytes bytes received
 * @param receiveErrors packets that were received damaged, of all kinds
 * @param receiveDropped packets that were received whole and dropped for want of room, or because nothing on this host wants them
 * @param receiveMissed packets that the device dropped because the host was too slow
 * @param receivedUnhandled packets that were dropped because the interface, as a part of another, is inactive
 * @param receivedMulticast packets to several receivers
 * @param sentPackets packets sent
 * @param sentBytes bytes sent
 * @param sendErrors packets that couldn't be sent, of all kinds
 * @param sendDropped packets that were dropped on their way out for want of room
 * @param collisions collisions on an Ethernet that is shared
 */
public record LinkStatistics(
        long receivedPackets,
        long receivedBytes,
        long receiveErrors,
        long receiveDropped,
        long receiveMissed,
        long receivedUnhandled,
        long receivedMulticast,
        long sentPackets,
        long sentBytes,
        long sendErrors,
        long sendDropped,
        long collisions) {
    /** Reads a struct rtnl_link_stats64 of linux/if_link.h, which is a list of numbers that grows with the kernel's versions. */
    static LinkStatistics parse(ByteBuffer numbers) {
        return new LinkStatistics(at(numbers, 0), at(numbers, 2), at(numbers, 4), at(numbers, 6), at(numbers, 15), at(numbers, 23),
                at(numbers, 8), at(numbers, 1), at(numbers, 3), at(numbers, 5), at(numbers, 7), at(numbers, 9));
    }

    private static long at(ByteBuffer numbers, int index) {
        int offset = index * Long.BYTES;
        return offset + Long.BYTES <= numbers.limit() ? numbers.getLong(offset) : 0;
    }
}

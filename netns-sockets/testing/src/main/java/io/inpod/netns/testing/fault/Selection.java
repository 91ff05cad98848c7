package io.inpod.netns.testing.fault;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which packets of a pod's link a fault applies to. ARP and neighbour discovery never belong to them: a lost packet of theirs would be
 * reported as an unreachable host.
 *
 * @param direction whether the pod sends or receives them
 * @param peers the addresses of the other end; null for any
 * @param port the port of TCP or UDP at either end; 0 for any packet
 */
record Selection(Direction direction, @Nullable List<byte[]> peers, int port) {
    enum Direction {
        BOTH, SENT, RECEIVED;

        boolean includes(boolean sent) {
            return this == BOTH || (this == SENT) == sent;
        }
    }

    boolean includes(Packet packet) {
        return packet.isIp() && !packet.isNeighbourDiscovery() && direction.includes(packet.sent()) && (port == 0 || packet.hasPort(port))
                && (peers == null || hasPeer(packet, peers));
    }

    private static boolean hasPeer(Packet packet, List<byte[]> peers) {
        for (byte[] peer : peers) {
            if (packet.hasPeer(peer)) {
                return true;
            }
        }
        return false;
    }
}

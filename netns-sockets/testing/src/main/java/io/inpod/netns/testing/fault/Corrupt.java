package io.inpod.netns.testing.fault;

import java.io.IOException;

/** Flips a bit behind the IP header, so that the checksum of TCP, UDP or ICMP is wrong. */
final class Corrupt extends Stage {
    private final double probability;
    private final Dice dice;

    Corrupt(double probability, Dice dice) {
        this.probability = probability;
        this.dice = dice;
    }

    @Override
    boolean affects(Packet packet) {
        return packet.transport() > 0 && packet.transport() < packet.end();
    }

    @Override
    void accept(Packet packet, long now) throws IOException {
        if (dice.roll(packet) < probability) {
            hit(packet);
            packet.completeChecksum();
            int at = packet.transport() + dice.roll(packet, packet.end() - packet.transport());
            packet.frame().put(at, (byte) (packet.frame().get(at) ^ 1 << dice.roll(packet, Byte.SIZE)));
        }
        pass(packet, now);
    }
}

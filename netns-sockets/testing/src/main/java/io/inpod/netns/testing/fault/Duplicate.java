package io.inpod.netns.testing.fault;

import java.io.IOException;

/** Delivers packets twice. */
final class Duplicate extends Stage {
    private final double probability;
    private final Dice dice;

    Duplicate(double probability, Dice dice) {
        this.probability = probability;
        this.dice = dice;
    }

    @Override
    void accept(Packet packet, long now) throws IOException {
        if (dice.roll(packet) < probability && packet.pool().hasRoom()) {
            hit(packet);
            pass(packet.copy(), now);
        }
        pass(packet, now);
    }
}

package io.inpod.netns.testing.fault;

import java.io.IOException;

/** Loses packets. */
final class Drop extends Stage {
    private final double probability;
    private final Dice dice;

    Drop(double probability, Dice dice) {
        this.probability = probability;
        this.dice = dice;
    }

    @Override
    boolean isAboutEachPacket() {
        return probability < 1;
    }

    @Override
    void accept(Packet packet, long now) throws IOException {
        if (dice.roll(packet) < probability) {
            drop(packet);
        } else {
            pass(packet, now);
        }
    }
}

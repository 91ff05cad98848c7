package io.inpod.netns.testing.fault;

import java.io.IOException;

/** Lets the next packet of the same direction overtake a packet; if none follows, the packet goes on by itself after a while. */
final class Reorder extends HoldingStage {
    static final long LONGEST_NANOS = 50_000_000;

    private final double probability;
    private final Dice dice;

    Reorder(double probability, Dice dice) {
        this.probability = probability;
        this.dice = dice;
    }

    @Override
    void accept(Packet packet, long now) throws IOException {
        boolean chosen = dice.roll(packet) < probability; // for each, so that the seed alone says which
        if (holds(packet)) {
            boolean sent = packet.sent();
            pass(packet, now);
            releaseAll(sent, now);
        } else if (chosen) {
            hit(packet);
            hold(packet, now + LONGEST_NANOS);
        } else {
            pass(packet, now);
        }
    }
}

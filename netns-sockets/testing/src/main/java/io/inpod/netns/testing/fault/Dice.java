package io.inpod.netns.testing.fault;

import java.util.SplittableRandom;

/**
 * Random numbers that a seed repeats. Each direction has its own, so that the nth packet of a direction meets the same fate however the two
 * directions mix.
 */
final class Dice {
    private static final long OTHER_DIRECTION = 0x9e3779b97f4a7c15L;

    private final SplittableRandom sent;
    private final SplittableRandom received;

    Dice(long seed) {
        sent = new SplittableRandom(seed);
        received = new SplittableRandom(seed ^ OTHER_DIRECTION);
    }

    /** A number from 0, inclusive, to 1, exclusive. */
    double roll(Packet packet) {
        return (packet.sent() ? sent : received).nextDouble();
    }

    /** A number from 0 to one less than the bound. */
    int roll(Packet packet, int bound) {
        return (packet.sent() ? sent : received).nextInt(bound);
    }
}

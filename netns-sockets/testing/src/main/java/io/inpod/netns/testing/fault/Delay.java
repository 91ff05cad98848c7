package io.inpod.netns.testing.fault;

/** Holds every packet back for a while, in order. */
final class Delay extends HoldingStage {
    private final long nanos;
    private final long jitterNanos;
    private final Dice dice;

    Delay(long nanos, long jitterNanos, Dice dice) {
        this.nanos = nanos;
        this.jitterNanos = jitterNanos;
        this.dice = dice;
    }

    @Override
    boolean isAboutEachPacket() {
        return false;
    }

    @Override
    void accept(Packet packet, long now) {
        hit(packet);
        double offset = jitterNanos == 0 ? 0 : (2 * dice.roll(packet) - 1) * jitterNanos;
        hold(packet, now + nanos + (long) offset);
    }
}

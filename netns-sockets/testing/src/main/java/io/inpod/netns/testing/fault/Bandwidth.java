package io.inpod.netns.testing.fault;

/** A slow line with a short queue before it: each direction has a line of its own. */
final class Bandwidth extends HoldingStage {
    static final int QUEUE_BYTES = 1_500_000;
    private static final double BIT_NANOS = 1e9;

    private final double nanosPerByte;

    Bandwidth(long bitsPerSecond) {
        nanosPerByte = Byte.SIZE * BIT_NANOS / bitsPerSecond;
    }

    @Override
    boolean isAboutEachPacket() {
        return false;
    }

    @Override
    void accept(Packet packet, long now) {
        if (queuedBytes(packet) + packet.ipBytes() > QUEUE_BYTES) {
            drop(packet);
            return;
        }
        hit(packet);
        hold(packet, latest(packet, now) + (long) (packet.ipBytes() * nanosPerByte));
    }
}

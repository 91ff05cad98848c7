package io.inpod.netns.testing.fault;

import java.io.IOException;

/** Cuts the data of TCP segments into small ones, with a pause after each. */
final class Slice extends HoldingStage {
    private final int bytes;
    private final long pauseNanos;

    Slice(int bytes, long pauseNanos) {
        this.bytes = bytes;
        this.pauseNanos = pauseNanos;
    }

    @Override
    boolean affects(Packet packet) {
        return packet.isTcp();
    }

    @Override
    void accept(Packet packet, long now) throws IOException {
        int length = packet.dataBytes();
        if (length == 0) {
            hold(packet, now);
        } else {
            hit(packet);
            for (int from = 0; from < length; from += bytes) {
                if (packet.pool().hasRoom()) {
                    hold(Segments.part(packet, from, Math.min(length, from + bytes)), latest(packet, now - pauseNanos) + pauseNanos);
                }
            }
            packet.free();
        }
        release(now);
    }
}

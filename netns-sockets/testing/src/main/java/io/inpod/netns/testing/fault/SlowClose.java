package io.inpod.netns.testing.fault;

/** Holds back the segment that closes a direction of a TCP connection. */
final class SlowClose extends HoldingStage {
    private final long nanos;

    SlowClose(long nanos) {
        this.nanos = nanos;
    }

    @Override
    boolean affects(Packet packet) {
        return packet.isTcp() && packet.has(Packet.FIN);
    }

    @Override
    void accept(Packet packet, long now) {
        hit(packet);
        hold(packet, now + nanos);
    }
}

package io.inpod.netns.testing.fault;

import java.io.IOException;

/** Resets the peer's end of each TCP connection, and lets nothing else through: the pod's end looks open. */
final class HalfOpen extends Stage {
    @Override
    boolean isAboutEachPacket() {
        return false;
    }

    @Override
    boolean affects(Packet packet) {
        return packet.isTcp();
    }

    @Override
    void accept(Packet packet, long now) throws IOException {
        boolean established = !packet.has(Packet.SYN) && !packet.has(Packet.RST);
        reset(packet, established && !packet.sent(), established && packet.sent(), now);
    }
}

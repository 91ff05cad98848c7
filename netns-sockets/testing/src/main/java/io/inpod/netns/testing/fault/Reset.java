package io.inpod.netns.testing.fault;

import java.io.IOException;

/** Answers each TCP segment with a reset to both ends. */
final class Reset extends Stage {
    @Override
    boolean isAboutEachPacket() {
        return false;
    }

    @Override
    boolean affects(Packet packet) {
        return packet.isTcp() && !packet.has(Packet.RST);
    }

    @Override
    void accept(Packet packet, long now) throws IOException {
        reset(packet, true, true, now);
    }
}

package io.inpod.netns.testing.fault;

import java.io.IOException;

/** Loses packets that are larger than the MTU somewhere on the way, without the ICMP message that would say so. */
final class SizeLimit extends Stage {
    private final int bytes;

    SizeLimit(int bytes) {
        this.bytes = bytes;
    }

    @Override
    void accept(Packet packet, long now) throws IOException {
        if (packet.ipBytes() > bytes) {
            drop(packet);
        } else {
            pass(packet, now);
        }
    }
}

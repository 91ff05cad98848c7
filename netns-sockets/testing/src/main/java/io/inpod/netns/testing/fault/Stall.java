package io.inpod.netns.testing.fault;

import io.inpod.netns.testing.fault.Packet.Connection;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/** Lets nothing of a TCP connection through, and resets both ends after a while. */
final class Stall extends HoldingStage {
    private final long nanos;
    private final Set<Connection> stalled = new HashSet<>();
    private final Set<Connection> ended = new HashSet<>();

    Stall(long nanos) {
        this.nanos = nanos;
    }

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
        Connection connection = packet.connection();
        if (ended.contains(connection)) {
            reset(packet, true, true, now);
        } else if (stalled.add(connection)) {
            hit(packet);
            hold(packet, now + nanos); // nothing that the ends expect changes meanwhile
        } else {
            drop(packet);
        }
    }

    @Override
    void leave(Packet packet, long now) throws IOException {
        ended.add(packet.connection());
        reset(packet, true, true, now);
    }
}

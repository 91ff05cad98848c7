package io.inpod.netns.testing.fault;

import io.inpod.netns.testing.fault.Packet.Connection;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Resets a TCP connection after a number of bytes in one direction. */
final class DataLimit extends Stage {
    private final long bytes;
    private final Map<Stream, Progress> streams = new HashMap<>();
    private final Set<Connection> ended = new HashSet<>();

    DataLimit(long bytes) {
        this.bytes = bytes;
    }

    /** One direction of a connection. */
    private record Stream(Connection connection, boolean sent) {}

    /** How many bytes have passed, and the sequence number after them. */
    private record Progress(long bytes, int next) {
        static Progress begin(Packet packet) {
            return new Progress(0, packet.has(Packet.SYN) ? packet.sequence() + 1 : packet.sequence());
        }

        /** How many bytes passed before this one: sequence numbers wrap. */
        long before(int sequence) {
            return bytes + (sequence - next);
        }

        Progress after(Packet packet) {
            int ahead = packet.sequence() + packet.dataBytes() - next;
            return ahead <= 0 ? this : new Progress(bytes + ahead, next + ahead);
        }
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
            return;
        }
        Progress progress = streams.computeIfAbsent(new Stream(connection, packet.sent()), first -> Progress.begin(packet));
        long allowed = bytes - progress.before(packet.sequence());
        if (packet.dataBytes() == 0 || packet.dataBytes() <= allowed) {
            streams.put(new Stream(connection, packet.sent()), progress.after(packet));
            pass(packet, now);
        } else {
            ended.add(connection);
            end(packet, (int) Math.max(0, allowed), now);
        }
    }

    private void end(Packet packet, int allowed, long now) throws IOException {
        if (allowed > 0 && packet.pool().hasRoom()) {
            pass(Segments.part(packet, 0, allowed), now);
        }
        if (packet.pool().hasRoom()) {
            Packet reset = Segments.resetForReceiver(packet, packet.sequence() + allowed);
            if (reset != null) {
                pass(reset, now);
            }
        }
        reset(packet, true, false, now);
    }
}

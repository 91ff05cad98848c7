package io.inpod.netns.testing.fault;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;

/** A stage that holds packets back; those of one direction stay in their order. */
abstract class HoldingStage extends Stage {
    private final List<ArrayDeque<Packet>> held = List.of(new ArrayDeque<>(), new ArrayDeque<>());
    private final long[] latest = new long[2];
    private final boolean[] any = new boolean[2];

    /** Holds a packet until then, and at least as long as the one before it. */
    final void hold(Packet packet, long due) {
        if (!packet.canKeep()) {
            packet.free();
            return;
        }
        int direction = direction(packet);
        latest[direction] = latest(packet, due);
        any[direction] = true;
        held.get(direction).add(packet.keep().due(latest[direction]));
    }

    /** When the packet before this one leaves, or then if that is later. */
    final long latest(Packet packet, long then) {
        int direction = direction(packet);
        return any[direction] && latest[direction] - then > 0 ? latest[direction] : then;
    }

    /** How many packets of the same direction are held. */
    final int queued(Packet packet) {
        return held.get(direction(packet)).size();
    }

    private static int direction(Packet packet) {
        return packet.sent() ? 0 : 1;
    }

    @Override
    long remaining(long now) {
        long wait = NEVER;
        for (ArrayDeque<Packet> queue : held) {
            if (!queue.isEmpty()) {
                wait = Math.min(wait, Math.max(0, queue.element().due() - now));
            }
        }
        return wait;
    }

    @Override
    void release(long now) throws IOException {
        for (ArrayDeque<Packet> queue : held) {
            while (!queue.isEmpty() && now - queue.element().due() >= 0) {
                leave(queue.remove(), now);
            }
        }
    }

    /** What happens to a packet whose time has come. */
    void leave(Packet packet, long now) throws IOException {
        pass(packet, now);
    }

    /** Passes on what is held of the same direction. */
    final void releaseAll(boolean sent, long now) throws IOException {
        ArrayDeque<Packet> queue = held.get(sent ? 0 : 1);
        while (!queue.isEmpty()) {
            pass(queue.remove(), now);
        }
    }

    @Override
    void flush(long now) throws IOException {
        releaseAll(true, now);
        releaseAll(false, now);
    }
}

package io.inpod.netns.testing.fault;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;

/** A stage that holds packets back; those of one direction stay in their order. */
abstract class HoldingStage extends Stage {
    private final List<ArrayDeque<Packet>> held = List.of(new ArrayDeque<>(), new ArrayDeque<>());
    private final long[] latest = new long[2];
    private final boolean[] any = new boolean[2];
    private final long[] bytes = new long[2];

    /** Holds a packet until then, and at least as long as the one before it. */
    final void hold(Packet packet, long due) {
        if (!packet.canKeep()) {
            packet.free();
            return;
        }
        int direction = direction(packet);
        latest[direction] = latest(packet, due);
        any[direction] = true;
        bytes[direction] += packet.ipBytes();
        held.get(direction).add(packet.keep().due(latest[direction]));
    }

    /** When the packet before this one leaves, or then if that is later. */
    final long latest(Packet packet, long then) {
        int direction = direction(packet);
        return any[direction] && latest[direction] - then > 0 ? latest[direction] : then;
    }

    /** Whether a packet of the same direction is held. */
    final boolean holds(Packet packet) {
        return !held.get(direction(packet)).isEmpty();
    }

    /** The length of the held packets of the same direction. */
    final long queuedBytes(Packet packet) {
        return bytes[direction(packet)];
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
                leave(removed(queue), now);
            }
        }
    }

    private Packet removed(ArrayDeque<Packet> queue) {
        Packet packet = queue.remove();
        bytes[direction(packet)] -= packet.ipBytes();
        return packet;
    }

    /** What happens to a packet whose time has come. */
    void leave(Packet packet, long now) throws IOException {
        pass(packet, now);
    }

    /** Passes on what is held of the same direction. */
    final void releaseAll(boolean sent, long now) throws IOException {
        ArrayDeque<Packet> queue = held.get(sent ? 0 : 1);
        while (!queue.isEmpty()) {
            pass(removed(queue), now);
        }
    }

    @Override
    void flush(long now) throws IOException {
        releaseAll(true, now);
        releaseAll(false, now);
    }
}

package io.inpod.netns.testing.fault;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What one fault does to the packets of a pod's link, and where they go from there. For the holder of the relay's lock. */
abstract class Stage {
    static final long NEVER = Long.MAX_VALUE;

    private @Nullable Selection selection;
    private @Nullable Stage following;
    private long packets;
    private long hits;

    /** Sets which packets it applies to. */
    final Stage of(Selection packets) {
        selection = packets;
        return this;
    }

    /** Sets where packets go that it doesn't stop. */
    final void precede(Stage next) {
        following = next;
    }

    /** Takes a packet over. */
    void offer(Packet packet, long now) throws IOException {
        if (selection == null || !selection.includes(packet) || !affects(packet)) {
            pass(packet, now);
        } else if (packet.segments() == 1 || !isAboutEachPacket()) {
            packets += packet.segments();
            accept(packet, now);
        } else {
            for (int from = 0; from < packet.dataBytes() && packet.pool().hasRoom(); from += packet.segmentBytes()) {
                offer(Segments.part(packet, from, Math.min(packet.dataBytes(), from + packet.segmentBytes())), now);
            }
            packet.free();
        }
    }

    /** Whether segments that the kernel hands over in one piece must be treated one by one. */
    boolean isAboutEachPacket() {
        return true;
    }

    /** Whether it is about packets of this kind at all. */
    boolean affects(Packet packet) {
        return true;
    }

    abstract void accept(Packet packet, long now) throws IOException;

    /** Hands a packet to the next stage. */
    final void pass(Packet packet, long now) throws IOException {
        if (following != null) {
            following.offer(packet, now);
        }
    }

    /** In how many nanoseconds it has something to release; {@link #NEVER} if it holds nothing. */
    long remaining(long now) {
        return NEVER;
    }

    /** Passes on what is due. */
    void release(long now) throws IOException {
        // most hold nothing
    }

    /** Passes on everything that it holds, since it ends. */
    void flush(long now) throws IOException {
        // most hold nothing
    }

    final void hit(Packet packet) {
        hits += packet.segments();
    }

    /** How many packets were offered to it that it applies to. */
    final long packets() {
        return packets;
    }

    /** How many of them it did something to. */
    final long hits() {
        return hits;
    }

    /** Counts a packet that ends here. */
    final void drop(Packet packet) {
        hit(packet);
        packet.free();
    }

    /** Ends the connection of a segment: each end that is meant receives a reset that it accepts, and the segment nobody. */
    final void reset(Packet segment, boolean sender, boolean receiver, long now) throws IOException {
        if (sender && segment.pool().hasRoom()) {
            pass(Segments.resetForSender(segment), now);
        }
        if (receiver && segment.pool().hasRoom()) {
            Packet reset = Segments.resetForReceiver(segment);
            if (reset != null) {
                pass(reset, now);
            }
        }
        drop(segment);
    }
}

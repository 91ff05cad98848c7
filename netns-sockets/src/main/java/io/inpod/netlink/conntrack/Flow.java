package io.inpod.netlink.conntrack;

import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A flow that connection tracking knows: a connection, or packets that belong together in another way.
 *
 * @param original the packets of the direction that began it
 * @param reply the packets of the other direction; differs from {@code original} turned round where an address is translated
 * @param status what is known about it
 * @param tcpState the state of a connection of TCP; null for other protocols
 * @param timeout after which time without packets it is forgotten; null in an event that doesn't tell
 * @param mark its connection mark
 * @param zone its zone, 0 for the usual one
 * @param id what tells it from a later flow with the same packets
 * @param originalCounters packets and bytes of the direction that began it; null unless {@code net.netfilter.nf_conntrack_acct} is set
 * @param replyCounters those of the other direction, likewise
 */
public record Flow(
        FlowTuple original,
        FlowTuple reply,
        Set<Status> status,
        @Nullable TcpState tcpState,
        @Nullable Duration timeout,
        int mark,
        int zone,
        long id,
        @Nullable Counters originalCounters,
        @Nullable Counters replyCounters) {
    /** What is known about a flow, IPS_ of linux/netfilter/nf_conntrack_common.h. */
    public enum Status {
        /** It was expected because of another one. */
        EXPECTED(0x1),
        /** There have been packets in both directions. */
        SEEN_REPLY(0x2),
        /** It isn't forgotten early when the table is full. */
        ASSURED(0x4),
        /** Its first packet has left this host. */
        CONFIRMED(0x8),
        /** The source of its original direction is translated. */
        SOURCE_NAT(0x10),
        /** The destination of its original direction is translated. */
        DESTINATION_NAT(0x20),
        /** It is being deleted. */
        DYING(0x200),
        /** Its packets take a shortcut past the rules. */
        OFFLOAD(0x4000);

        private final int bit;

        Status(int bit) {
            this.bit = bit;
        }

        int bit() {
            return bit;
        }
    }

    /** The state of a connection of TCP, enum tcp_conntrack of linux/netfilter/nf_conntrack_tcp.h, in its order. */
    public enum TcpState {
        /** Nothing is known. */
        NONE,
        /** A SYN has been seen. */
        SYN_SENT,
        /** It has been answered. */
        SYN_RECEIVED,
        /** It is open. */
        ESTABLISHED,
        /** One end has finished. */
        FIN_WAIT,
        /** That has been acknowledged. */
        CLOSE_WAIT,
        /** Both ends have finished. */
        LAST_ACK,
        /** That has been acknowledged. */
        TIME_WAIT,
        /** It has been reset. */
        CLOSE,
        /** Both ends have sent a SYN. */
        SYN_SENT_TWICE
    }

    /**
     * What one direction has carried.
     *
     * @param packets the number of packets
     * @param bytes their bytes, with their headers of IP
     */
    public record Counters(long packets, long bytes) {}

    /**
     * Copies the set.
     *
     * @param original see {@link Flow}
     * @param reply see {@link Flow}
     * @param status see {@link Flow}
     * @param tcpState see {@link Flow}
     * @param timeout see {@link Flow}
     * @param mark see {@link Flow}
     * @param zone see {@link Flow}
     * @param id see {@link Flow}
     * @param originalCounters see {@link Flow}
     * @param replyCounters see {@link Flow}
     */
    public Flow {
        status = Set.copyOf(status);
    }

    /** {@return its protocol, state and directions, much as {@code conntrack} prints them} */
    @Override
    public String toString() {
        return "protocol " + original.protocol() + (tcpState == null ? "" : " " + tcpState.name().toLowerCase(Locale.ROOT)) + " " + original
                + " reply " + reply;
    }
}

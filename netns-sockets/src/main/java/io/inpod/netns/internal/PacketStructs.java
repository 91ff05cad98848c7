package io.inpod.netns.internal;

import java.util.List;

/** The structs of a packet socket's ring on 64-bit Linux, see linux/if_packet.h. Columns: C's name, offset, size, in bytes. */
public final class PacketStructs {
    private PacketStructs() {}

    /** All tables. */
    public static List<StructLayout> all() {
        return List.of(TpacketReq.STRUCT, Tpacket2Hdr.STRUCT, TpacketStats.STRUCT);
    }

    /** The size of a ring, PACKET_RX_RING in packet(7). */
    public static final class TpacketReq {
        public static final StructLayout STRUCT = StructLayout.struct("tpacket_req", 16);
        public static final Field BLOCK_SIZE = STRUCT.field("tp_block_size", 0, 4);
        public static final Field BLOCKS = STRUCT.field("tp_block_nr", 4, 4);
        public static final Field FRAME_SIZE = STRUCT.field("tp_frame_size", 8, 4);
        public static final Field FRAMES = STRUCT.field("tp_frame_nr", 12, 4);

        private TpacketReq() {}
    }

    /** The beginning of each slot of a ring. */
    public static final class Tpacket2Hdr {
        public static final StructLayout STRUCT = StructLayout.struct("tpacket2_hdr", 32);
        public static final Field STATUS = STRUCT.field("tp_status", 0, 4);
        public static final Field LENGTH = STRUCT.field("tp_len", 4, 4);
        public static final Field CAPTURED = STRUCT.field("tp_snaplen", 8, 4);
        public static final Field MAC = STRUCT.field("tp_mac", 12, 2);

        private Tpacket2Hdr() {}
    }

    /** What a socket has received, and what it has lost for want of room, since it was asked last. */
    public static final class TpacketStats {
        public static final StructLayout STRUCT = StructLayout.struct("tpacket_stats", 8);
        public static final Field PACKETS = STRUCT.field("tp_packets", 0, 4);
        public static final Field DROPS = STRUCT.field("tp_drops", 4, 4);

        private TpacketStats() {}
    }
}

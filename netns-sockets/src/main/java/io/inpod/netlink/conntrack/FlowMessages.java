package io.inpod.netlink.conntrack;

import io.inpod.netlink.MalformedAnswerException;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Messages about flows: CTA_ attributes of linux/netfilter/nfnetlink_conntrack.h. */
final class FlowMessages {
    static final int SUBSYSTEM = 1;
    static final int NEW = 0;
    static final int GET = 1;
    static final int DELETE = 2;

    private static final int ORIGINAL = 1;
    private static final int REPLY = 2;
    private static final int STATUS = 3;
    private static final int PROTOCOL_INFO = 4;
    private static final int TIMEOUT = 7;
    private static final int MARK = 8;
    private static final int ORIGINAL_COUNTERS = 9;
    private static final int REPLY_COUNTERS = 10;
    private static final int ID = 12;
    private static final int ZONE = 18;
    private static final int MARK_MASK = 21;

    private static final int ADDRESSES = 1;
    private static final int PROTOCOL = 2;
    private static final int V4_SOURCE = 1;
    private static final int V4_DESTINATION = 2;
    private static final int V6_SOURCE = 3;
    private static final int V6_DESTINATION = 4;
    private static final int NUMBER = 1;
    private static final int SOURCE_PORT = 2;
    private static final int DESTINATION_PORT = 3;
    private static final int ICMP_ID = 4;
    private static final int ICMP_TYPE = 5;
    private static final int ICMP_CODE = 6;
    /** The attributes of ICMPv6 follow those of ICMP in the same order. */
    private static final int ICMPV6 = 3;

    private static final int INFO_TCP = 1;
    private static final int TCP_STATE = 1;
    private static final int PACKETS = 1;
    private static final int BYTES = 2;
    private static final Flow.TcpState[] TCP_STATES = Flow.TcpState.values();

    private FlowMessages() {}

    static NetlinkRequest list(IpFamily family, int mark, int mask) {
        NetlinkRequest request = Nfnetlink.request("list flows", family, SUBSYSTEM, GET, 0, family.number());
        return mask == 0 ? request : request.be32(MARK, mark).be32(MARK_MASK, mask);
    }

    static NetlinkRequest about(String operation, int message, FlowTuple tuple, int zone) {
        NetlinkRequest request = Nfnetlink.request(operation, tuple, SUBSYSTEM, message, 0, tuple.family().number());
        request.nested(ORIGINAL, nested -> tuple(nested, tuple));
        return zone == 0 ? request : request.be16(ZONE, zone);
    }

    static NetlinkRequest delete(Flow flow) {
        return about("delete flow", DELETE, flow.original(), flow.zone()).be32(ID, (int) flow.id());
    }

    private static void tuple(NetlinkRequest request, FlowTuple tuple) {
        boolean v4 = tuple.family() == IpFamily.V4;
        request.nested(ADDRESSES, addresses -> addresses
                .bytes(v4 ? V4_SOURCE : V6_SOURCE, tuple.source().getAddress())
                .bytes(v4 ? V4_DESTINATION : V6_DESTINATION, tuple.destination().getAddress()));
        request.nested(PROTOCOL, protocol -> {
            protocol.bytes(NUMBER, new byte[] {(byte) tuple.protocol()});
            FlowTuple.Icmp icmp = tuple.icmp();
            if (icmp == null) {
                protocol.be16(SOURCE_PORT, tuple.sourcePort()).be16(DESTINATION_PORT, tuple.destinationPort());
            } else {
                int shift = v4 ? 0 : ICMPV6;
                protocol.be16(ICMP_ID + shift, icmp.id()).bytes(ICMP_TYPE + shift, new byte[] {(byte) icmp.type()})
                        .bytes(ICMP_CODE + shift, new byte[] {(byte) icmp.code()});
            }
        });
    }

    static Flow parse(NetlinkMessage message) throws IOException {
        if (message.payload().limit() < Nfnetlink.HEADER) {
            throw new MalformedAnswerException("a flow's message has " + message.payload().limit() + " bytes");
        }
        Map<Integer, NetlinkAttribute> found = byType(message.attributeList(Nfnetlink.HEADER));
        NetlinkAttribute timeout = found.get(TIMEOUT);
        return new Flow(tuple(found.get(ORIGINAL)), tuple(found.get(REPLY)), status((int) number(found.get(STATUS))),
                tcpState(found.get(PROTOCOL_INFO)), timeout == null ? null : Duration.ofSeconds(timeout.number()),
                (int) number(found.get(MARK)), (int) number(found.get(ZONE)), number(found.get(ID)),
                counters(found.get(ORIGINAL_COUNTERS)), counters(found.get(REPLY_COUNTERS)));
    }

    private static Map<Integer, NetlinkAttribute> byType(List<NetlinkAttribute> attributes) {
        Map<Integer, NetlinkAttribute> found = new HashMap<>();
        attributes.forEach(attribute -> found.put(attribute.type(), attribute));
        return found;
    }

    private static Map<Integer, NetlinkAttribute> within(@Nullable NetlinkAttribute attribute) {
        return attribute == null ? Map.of() : byType(attribute.nested());
    }

    private static long number(@Nullable NetlinkAttribute attribute) {
        return attribute == null ? 0 : attribute.number();
    }

    private static FlowTuple tuple(@Nullable NetlinkAttribute attribute) throws IOException {
        Map<Integer, NetlinkAttribute> whole = within(attribute);
        Map<Integer, NetlinkAttribute> addresses = within(whole.get(ADDRESSES));
        Map<Integer, NetlinkAttribute> protocol = within(whole.get(PROTOCOL));
        boolean v4 = addresses.containsKey(V4_SOURCE);
        int shift = v4 ? 0 : ICMPV6;
        FlowTuple.Icmp icmp = !protocol.containsKey(ICMP_TYPE + shift) ? null
                : new FlowTuple.Icmp(u8(protocol.get(ICMP_TYPE + shift)), u8(protocol.get(ICMP_CODE + shift)),
                        u16(protocol.get(ICMP_ID + shift)));
        try {
            return new FlowTuple(u8(protocol.get(NUMBER)), address(addresses.get(v4 ? V4_SOURCE : V6_SOURCE)),
                    address(addresses.get(v4 ? V4_DESTINATION : V6_DESTINATION)), u16(protocol.get(SOURCE_PORT)),
                    u16(protocol.get(DESTINATION_PORT)), icmp);
        } catch (IllegalArgumentException e) {
            throw new MalformedAnswerException("a flow is invalid: " + e.getMessage());
        }
    }

    private static int u8(@Nullable NetlinkAttribute attribute) {
        return (int) number(attribute) & 0xff;
    }

    private static int u16(@Nullable NetlinkAttribute attribute) {
        return (int) number(attribute) & 0xffff;
    }

    private static InetAddress address(@Nullable NetlinkAttribute attribute) throws IOException {
        int length = attribute == null ? 0 : attribute.value().limit();
        if (attribute == null || length != IpFamily.V4.bits() / Byte.SIZE && length != IpFamily.V6.bits() / Byte.SIZE) {
            throw new MalformedAnswerException("a flow has an address of " + length + " bytes");
        }
        return length == IpFamily.V4.bits() / Byte.SIZE ? InetAddress.getByAddress(attribute.bytes())
                : Inet6Address.getByAddress(null, attribute.bytes(), -1);
    }

    private static Set<Flow.Status> status(int bits) {
        Set<Flow.Status> status = EnumSet.noneOf(Flow.Status.class);
        for (Flow.Status one : Flow.Status.values()) {
            if ((bits & one.bit()) != 0) {
                status.add(one);
            }
        }
        return status;
    }

    private static Flow.@Nullable TcpState tcpState(@Nullable NetlinkAttribute info) {
        NetlinkAttribute state = within(within(info).get(INFO_TCP)).get(TCP_STATE);
        return state == null || state.number() < 0 || state.number() >= TCP_STATES.length ? null : TCP_STATES[(int) state.number()];
    }

    private static Flow.@Nullable Counters counters(@Nullable NetlinkAttribute attribute) {
        Map<Integer, NetlinkAttribute> numbers = within(attribute);
        return attribute == null ? null : new Flow.Counters(number(numbers.get(PACKETS)), number(numbers.get(BYTES)));
    }
}

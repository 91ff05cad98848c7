package io.inpod.netlink.diag;

import io.inpod.netlink.MalformedAnswerException;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.Field;
import io.inpod.netns.internal.NetlinkStructs.InetDiagMsg;
import io.inpod.netns.internal.NetlinkStructs.InetDiagReq;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Messages about sockets of TCP and UDP: structs and INET_DIAG_ attributes of linux/inet_diag.h. */
final class InetMessages {
    private static final int GET = 20; // SOCK_DIAG_BY_FAMILY
    private static final int DESTROY = 21;
    private static final int BYTECODE = 1;
    private static final int INFO = 2;
    private static final int CONGESTION = 4;
    private static final int MARK = 15;
    private static final int CGROUP = 21;
    private static final int OPTIONS = 22;
    /** A bit of the first byte of struct inet_diag_sockopt. */
    private static final int TRANSPARENT = 1 << 5;

    /** Extensions are asked for by bits, beginning with that of attribute 1. */
    private static final int TCP_INFO = 1 << INFO - 1 | 1 << CONGESTION - 1;

    private static final int V4_BYTES = 4;
    private static final int V6_BYTES = 16;

    private InetMessages() {}

    static NetlinkRequest list(SocketQuery query, IpFamily family) {
        ByteBuffer struct = struct(query.protocol(), family);
        InetDiagReq.EXTENSIONS.put(struct, 0, query.tcpInfo() ? TCP_INFO : 0);
        InetDiagReq.STATES.put(struct, 0, SocketState.bits(query.states()));
        NetlinkRequest request =
                new NetlinkRequest("list " + query.protocol() + " sockets of " + family, query, GET, 0).fixed(bytes(struct));
        SocketFilter filter = query.filter();
        return filter == null ? request : request.bytes(BYTECODE, filter.code());
    }

    static NetlinkRequest destroy(InetSocket socket) {
        ByteBuffer struct = struct(socket.protocol(), socket.family());
        InetDiagReq.STATES.put(struct, 0, -1);
        port(struct, InetDiagReq.SOURCE_PORT, socket.local());
        port(struct, InetDiagReq.DESTINATION_PORT, socket.remote());
        address(struct, InetDiagReq.SOURCE, socket.family(), socket.local());
        address(struct, InetDiagReq.DESTINATION, socket.family(), socket.remote());
        InetDiagReq.LINK.put(struct, 0, socket.link());
        InetDiagReq.COOKIE_LOW.put(struct, 0, socket.cookie());
        InetDiagReq.COOKIE_HIGH.put(struct, 0, socket.cookie() >>> Integer.SIZE);
        return new NetlinkRequest("destroy socket", socket, DESTROY, 0).fixed(bytes(struct));
    }

    private static ByteBuffer struct(SocketProtocol protocol, IpFamily family) {
        ByteBuffer struct = ByteBuffer.allocate(InetDiagReq.STRUCT.size()).order(ByteOrder.nativeOrder());
        InetDiagReq.FAMILY.put(struct, 0, family.number());
        InetDiagReq.PROTOCOL.put(struct, 0, protocol.number());
        return struct;
    }

    private static byte[] bytes(ByteBuffer whole) {
        byte[] bytes = new byte[whole.capacity()];
        whole.get(0, bytes);
        return bytes;
    }

    private static void port(ByteBuffer struct, Field field, InetSocketAddress address) {
        field.put(struct, 0, Short.reverseBytes((short) address.getPort()));
    }

    private static void address(ByteBuffer struct, Field field, IpFamily family, InetSocketAddress address) {
        byte[] bytes = address.getAddress().getAddress();
        if (family == IpFamily.V6 && bytes.length == V4_BYTES) { // IPv4-mapped
            struct.putShort(field.offset() + V6_BYTES - V4_BYTES - Short.BYTES, (short) -1);
            struct.put(field.offset() + V6_BYTES - V4_BYTES, bytes);
        } else {
            struct.put(field.offset(), bytes);
        }
    }

    /** Null for a socket in a state that a future kernel may have. */
    static @Nullable InetSocket parse(SocketProtocol protocol, NetlinkMessage message) throws IOException {
        ByteBuffer payload = message.payload();
        if (payload.limit() < InetDiagMsg.STRUCT.size()) {
            throw new MalformedAnswerException("an entry of the list of " + protocol + " sockets has " + payload.limit() + " bytes");
        }
        int number = InetDiagMsg.FAMILY.get(payload, 0);
        if (number != IpFamily.V4.number() && number != IpFamily.V6.number()) {
            throw new MalformedAnswerException("a " + protocol + " socket of address family " + number);
        }
        IpFamily family = number == IpFamily.V4.number() ? IpFamily.V4 : IpFamily.V6;
        SocketState state = SocketState.of(InetDiagMsg.STATE.get(payload, 0));
        if (state == null) {
            return null;
        }
        long cgroup = 0;
        int mark = 0;
        Boolean transparent = null;
        ByteBuffer info = null;
        String congestionControl = "";
        for (NetlinkAttribute attribute : message.attributeList(InetDiagMsg.STRUCT.size())) {
            ByteBuffer value = attribute.value();
            switch (attribute.type()) {
                case INFO -> info = value;
                case CONGESTION -> congestionControl = attribute.text();
                case MARK -> mark = value.limit() < Integer.BYTES ? 0 : value.getInt(0);
                case CGROUP -> cgroup = value.limit() < Long.BYTES ? 0 : value.getLong(0);
                case OPTIONS -> transparent = value.limit() < 1 ? null : (value.get(0) & TRANSPARENT) != 0;
                default -> {} // what InetSocket hasn't
            }
        }
        return new InetSocket(protocol, family, state,
                address(payload, InetDiagMsg.SOURCE, InetDiagMsg.SOURCE_PORT, family),
                address(payload, InetDiagMsg.DESTINATION, InetDiagMsg.DESTINATION_PORT, family),
                InetDiagMsg.LINK.get(payload, 0), InetDiagMsg.USER.getLong(payload, 0), InetDiagMsg.INODE.getLong(payload, 0),
                InetDiagMsg.COOKIE_LOW.getLong(payload, 0) | InetDiagMsg.COOKIE_HIGH.getLong(payload, 0) << Integer.SIZE,
                InetDiagMsg.RECEIVE_QUEUE.getLong(payload, 0), InetDiagMsg.SEND_QUEUE.getLong(payload, 0), cgroup, mark, transparent,
                info == null ? null : TcpInfo.parse(info, congestionControl));
    }

    private static InetSocketAddress address(ByteBuffer payload, Field address, Field port, IpFamily family) throws IOException {
        byte[] bytes = new byte[family.bits() / Byte.SIZE];
        payload.get(address.offset(), bytes);
        return new InetSocketAddress(InetAddress.getByAddress(bytes),
                Short.toUnsignedInt(Short.reverseBytes((short) port.get(payload, 0))));
    }
}

package io.inpod.netlink.diag;

import io.inpod.netlink.MalformedAnswerException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.NetlinkStructs.UnixDiagMsg;
import io.inpod.netns.internal.NetlinkStructs.UnixDiagReq;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Messages about unix sockets: structs and UNIX_DIAG_ attributes of linux/unix_diag.h. */
final class UnixMessages {
    private static final int GET = 20; // SOCK_DIAG_BY_FAMILY
    private static final int NAME = 0;
    private static final int PEER = 2;
    private static final int QUEUES = 4;
    private static final int USER = 7;

    /** UDIAG_SHOW_ of linux/unix_diag.h for these four. */
    private static final int SHOW = 0x1 | 0x4 | 0x10 | 0x40;

    private UnixMessages() {}

    static NetlinkRequest list(Set<SocketState> states) {
        ByteBuffer struct = ByteBuffer.allocate(UnixDiagReq.STRUCT.size()).order(ByteOrder.nativeOrder());
        UnixDiagReq.FAMILY.put(struct, 0, Constants.AF_UNIX);
        UnixDiagReq.STATES.put(struct, 0, SocketState.bits(states));
        UnixDiagReq.SHOW.put(struct, 0, SHOW);
        return new NetlinkRequest("list unix sockets", states, GET, 0).fixed(struct.array());
    }

    /** Null for a socket of a type or in a state that a future kernel may have. */
    static @Nullable UnixSocket parse(NetlinkMessage message) throws IOException {
        ByteBuffer payload = message.payload();
        if (payload.limit() < UnixDiagMsg.STRUCT.size()) {
            throw new MalformedAnswerException("an entry of the list of unix sockets has " + payload.limit() + " bytes");
        }
        UnixSocket.Type type = UnixSocket.Type.of(UnixDiagMsg.TYPE.get(payload, 0));
        SocketState state = SocketState.of(UnixDiagMsg.STATE.get(payload, 0));
        if (type == null || state == null) {
            return null;
        }
        Map<Integer, ByteBuffer> attributes = message.attributes(UnixDiagMsg.STRUCT.size());
        ByteBuffer queues = attributes.get(QUEUES);
        return new UnixSocket(type, state, path(attributes.get(NAME)), UnixDiagMsg.INODE.getLong(payload, 0),
                u32(attributes.get(PEER), 0, 0), u32(attributes.get(USER), 0, -1), u32(queues, 0, 0), u32(queues, Integer.BYTES, 0));
    }

    private static long u32(@Nullable ByteBuffer attribute, int offset, long ifAbsent) {
        return attribute == null || attribute.limit() < offset + Integer.BYTES ? ifAbsent : attribute.getInt(offset) & 0xffffffffL;
    }

    /** A file's path may end with a zero byte; an abstract address begins with one. */
    private static @Nullable String path(@Nullable ByteBuffer name) {
        if (name == null || name.limit() == 0) {
            return null;
        }
        byte[] bytes = new byte[name.limit()];
        name.get(0, bytes);
        int end = bytes[0] != 0 && bytes[bytes.length - 1] == 0 ? bytes.length - 1 : bytes.length;
        return new String(bytes, 0, end, StandardCharsets.UTF_8).replace('\0', '@');
    }
}

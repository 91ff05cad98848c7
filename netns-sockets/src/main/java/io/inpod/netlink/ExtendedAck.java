package io.inpod.netlink;

import io.inpod.netns.internal.NetlinkStructs.Nlmsgerr;
import io.inpod.netns.internal.NetlinkStructs.Nlmsghdr;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's explanation of a refused request, see Documentation/userspace-api/netlink/intro.rst.
 *
 * @param text NLMSGERR_ATTR_MSG, or null
 * @param offset NLMSGERR_ATTR_OFFS: where in the request the offending attribute begins, in bytes; -1 if there is none
 */
record ExtendedAck(@Nullable String text, int offset) {
    private static final ExtendedAck NONE = new ExtendedAck(null, -1);
    private static final int TEXT = 1;
    private static final int OFFSET = 2;

    /** Reads the payload of an acknowledgement or of a list's end. */
    static ExtendedAck parse(int type, int flags, ByteBuffer payload) {
        if ((flags & Wire.ACK_ATTRIBUTES) == 0) {
            return NONE;
        }
        int start = Nlmsgerr.ERROR.size();
        if (type == Wire.ERROR) {
            // the request follows, whole or only its header
            if (payload.limit() < Nlmsgerr.STRUCT.size()) {
                return NONE;
            }
            int request = (flags & Wire.CAPPED) != 0 ? Nlmsghdr.STRUCT.size() : Nlmsgerr.REQUEST_LENGTH.get(payload, 0);
            if (request < 0 || request > payload.limit() - start) {
                return NONE;
            }
            start += Wire.align(request);
        }
        Map<Integer, ByteBuffer> attributes = Wire.attributes(payload, start);
        return new ExtendedAck(NetlinkMessage.string(attributes.get(TEXT)), NetlinkMessage.u32(attributes.get(OFFSET), -1));
    }
}

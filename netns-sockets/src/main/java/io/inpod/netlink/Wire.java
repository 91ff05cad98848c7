package io.inpod.netlink;

import io.inpod.netns.internal.NetlinkStructs.Nlattr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Numbers of linux/netlink.h, and the reading of attributes. */
final class Wire {
    static final int NOOP = 1;
    static final int ERROR = 2;
    static final int DONE = 3;
    static final int OVERRUN = 4;

    static final int REQUEST = 0x1;
    static final int ACK = 0x4;
    static final int DUMP = 0x300;
    static final int DUMP_INTERRUPTED = 0x10;
    static final int CAPPED = 0x100;
    static final int ACK_ATTRIBUTES = 0x200;

    /** The bits of an attribute's type, without its two flags, nested and network byte order. */
    private static final int ATTRIBUTE_TYPE = 0x3fff;

    private Wire() {}

    /** Rounds up to a multiple of four. */
    static int align(int length) {
        return (length + 3) & ~3;
    }

    /** Receives attributes one by one. */
    interface AttributeSink {
        void accept(int type, ByteBuffer value);
    }

    /** Returns the attributes from an index to the limit, up to the first malformed one; for several of one type, the last. */
    static Map<Integer, ByteBuffer> attributes(ByteBuffer from, int start) {
        Map<Integer, ByteBuffer> found = new LinkedHashMap<>();
        forEachAttribute(from, start, found::put);
        return Collections.unmodifiableMap(found);
    }

    /** Returns where the first attribute of a type begins between two places; -1 if there is none. */
    static int attribute(ByteBuffer from, int start, int end, int type) {
        for (int at = start; at >= 0 && at + Nlattr.STRUCT.size() <= end;) {
            int length = Nlattr.LENGTH.get(from, at);
            if (length < Nlattr.STRUCT.size() || at + length > end) {
                break;
            }
            if ((Nlattr.TYPE.get(from, at) & ATTRIBUTE_TYPE) == type) {
                return at;
            }
            at += align(length);
        }
        return -1;
    }

    /** The same within the attribute that begins at a place. */
    static int attributeWithin(ByteBuffer from, int outer, int type) {
        return attribute(from, outer + Nlattr.STRUCT.size(), outer + Nlattr.LENGTH.get(from, outer), type);
    }

    /** Passes on the attributes from an index to the limit in order, up to the first malformed one. */
    static void forEachAttribute(ByteBuffer from, int start, AttributeSink sink) {
        for (int at = start; at >= 0 && at + Nlattr.STRUCT.size() <= from.limit();) {
            int length = Nlattr.LENGTH.get(from, at);
            if (length < Nlattr.STRUCT.size() || at + length > from.limit()) {
                break;
            }
            ByteBuffer value = from.slice(at + Nlattr.STRUCT.size(), length - Nlattr.STRUCT.size()).order(ByteOrder.nativeOrder());
            sink.accept(Nlattr.TYPE.get(from, at) & ATTRIBUTE_TYPE, value);
            at += align(length);
        }
    }
}

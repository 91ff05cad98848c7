package io.inpod.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message from the kernel: its type and its payload, that is the family's fixed part and then attributes.
 *
 * @param type the message type, such as RTM_NEWLINK
 * @param payload what follows the header, read-only, in this machine's byte order
 */
public record NetlinkMessage(int type, ByteBuffer payload) {
    /**
     * Reads the attributes.
     *
     * @param fixed length of the fixed part before them, in bytes
     * @return attribute type to value; of several of one type the last counts
     */
    public Map<Integer, ByteBuffer> attributes(int fixed) {
        return attributes(payload, Math.min(align(fixed), payload.limit()));
    }

    static Map<Integer, ByteBuffer> attributes(ByteBuffer from, int start) {
        Map<Integer, ByteBuffer> found = new LinkedHashMap<>();
        int at = start;
        while (at + 4 <= from.limit()) {
            int length = from.getShort(at) & 0xffff;
            if (length < 4 || at + length > from.limit()) {
                break; // malformed: what came before still counts
            }
            found.put(from.getShort(at + 2) & 0x3fff, from.slice(at + 4, length - 4).order(ByteOrder.nativeOrder()));
            at += align(length);
        }
        return Collections.unmodifiableMap(found);
    }

    static int align(int length) {
        return (length + 3) & ~3;
    }

    static int u32(@Nullable ByteBuffer attribute, int ifAbsent) {
        return attribute == null || attribute.limit() < 4 ? ifAbsent : attribute.getInt(0);
    }

    static @Nullable String string(@Nullable ByteBuffer attribute) {
        if (attribute == null) {
            return null;
        }
        byte[] bytes = bytes(attribute);
        int end = bytes.length > 0 && bytes[bytes.length - 1] == 0 ? bytes.length - 1 : bytes.length;
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    static byte[] bytes(ByteBuffer attribute) {
        byte[] bytes = new byte[attribute.limit()];
        attribute.get(0, bytes);
        return bytes;
    }
}

package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.Field;
import io.inpod.netns.internal.StructLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message from the kernel: its type and its payload, which is the family's fixed part followed by attributes.
 *
 * @param type the message type, such as RTM_NEWLINK
 * @param flags the flags of its header, NLM_F_ of linux/netlink.h
 * @param payload the bytes after the header, read-only, in this machine's byte order
 */
public record NetlinkMessage(int type, int flags, ByteBuffer payload) {
    private static final IpFamily[] FAMILIES = IpFamily.values();

    /**
     * Reads the attributes, up to the first malformed one.
     *
     * @param fixed length of the fixed part before them, in bytes
     * @return the values by attribute type; for several attributes of one type, the last value
     */
    public Map<Integer, ByteBuffer> attributes(int fixed) {
        return Wire.attributes(payload, Wire.align(fixed));
    }

    /**
     * Reads the attributes of a list that may contain several of one type, up to the first malformed one.
     *
     * @param fixed as for {@link #attributes(int)}
     * @return the attributes, in order
     */
    public List<NetlinkAttribute> attributeList(int fixed) {
        return NetlinkAttribute.list(payload, Wire.align(fixed));
    }

    /** Returns the attributes after a struct, which the payload must contain. */
    Map<Integer, ByteBuffer> attributes(StructLayout struct) throws MalformedAnswerException {
        if (payload.limit() < struct.size()) {
            throw new MalformedAnswerException(
                    "a message of type " + type + " has " + payload.limit() + " bytes, less than a struct " + struct.name());
        }
        return attributes(struct.size());
    }

    /** Returns a field of the struct at the beginning of the payload, whose presence has been checked. */
    int get(Field field) {
        return field.get(payload, 0);
    }

    static int u8(@Nullable ByteBuffer attribute, int ifAbsent) {
        return attribute == null || attribute.limit() < 1 ? ifAbsent : attribute.get(0) & 0xff;
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

    /** Returns an address of the family; null without an attribute. */
    static @Nullable InetAddress address(IpFamily family, @Nullable ByteBuffer attribute) throws MalformedAnswerException {
        return attribute == null ? null : address(family, bytes(attribute));
    }

    /** Returns an address from its bytes. Unlike {@link InetAddress#getByAddress(byte[])} it doesn't convert an IPv4-mapped one. */
    private static InetAddress address(IpFamily family, byte[] bytes) throws MalformedAnswerException {
        try {
            if (bytes.length == family.bits() / Byte.SIZE) {
                return family == IpFamily.V4 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, -1);
            }
        } catch (UnknownHostException e) {
            // thrown only for a wrong length
        }
        throw new MalformedAnswerException("an " + family + " address has " + bytes.length + " bytes");
    }

    /** Returns the family with this AF_ number; null for one that isn't IP, such as AF_BRIDGE. */
    static @Nullable IpFamily family(int number) {
        for (IpFamily family : FAMILIES) {
            if (family.number() == number) {
                return family;
            }
        }
        return null;
    }

    static byte[] bytes(ByteBuffer attribute) {
        byte[] bytes = new byte[attribute.limit()];
        attribute.get(0, bytes);
        return bytes;
    }
}

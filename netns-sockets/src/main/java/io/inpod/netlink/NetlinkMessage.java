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
 * A message from the kernel: its type and its payload, that is the family's fixed part and then attributes.
 *
 * @param type the message type, such as RTM_NEWLINK
 * @param payload what follows the header, read-only, in this machine's byte order
 */
public record NetlinkMessage(int type, ByteBuffer payload) {
    private static final IpFamily[] FAMILIES = IpFamily.values();

    /**
     * Reads the attributes; what is malformed ends them.
     *
     * @param fixed length of the fixed part before them, in bytes
     * @return attribute type to value; of several of one type the last counts
     */
    public Map<Integer, ByteBuffer> attributes(int fixed) {
        return Wire.attributes(payload, Wire.align(fixed));
    }

    /**
     * Reads the attributes of a list in which a type may come more than once; what is malformed ends them.
     *
     * @param fixed length of the fixed part before them, in bytes
     * @return them, in order
     */
    public List<NetlinkAttribute> attributeList(int fixed) {
        return NetlinkAttribute.list(payload, Wire.align(fixed));
    }

    /** The attributes after a struct, which must be there. */
    Map<Integer, ByteBuffer> attributes(StructLayout struct) throws MalformedAnswerException {
        if (payload.limit() < struct.size()) {
            throw new MalformedAnswerException("a message of type " + type + " has " + payload.limit() + " bytes, less than a struct " + struct.name());
        }
        return attributes(struct.size());
    }

    /** A field of the struct that the payload begins with, which has been checked to be there. */
    int get(Field field) {
        return field.get(payload, 0);
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

    /** An address of the family; null without attribute. */
    static @Nullable InetAddress address(IpFamily family, @Nullable ByteBuffer attribute) throws MalformedAnswerException {
        return attribute == null ? null : address(family, bytes(attribute));
    }

    /** The address that these bytes are. Unlike {@link InetAddress#getByAddress(byte[])} it leaves an IPv4-mapped one as it is. */
    private static InetAddress address(IpFamily family, byte[] bytes) throws MalformedAnswerException {
        try {
            if (bytes.length == family.bits() / Byte.SIZE) {
                return family == IpFamily.V4 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, -1);
            }
        } catch (UnknownHostException e) {
            // thrown only for a wrong length
        }
        throw new MalformedAnswerException("an address of " + family + " has " + bytes.length + " bytes");
    }

    /** The family with this AF_ number; null for one that isn't IP, such as AF_BRIDGE. */
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

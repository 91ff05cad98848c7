package io.inpod.netlink;

import io.inpod.netns.internal.Field;
import io.inpod.netns.internal.NetlinkStructs.Nlattr;
import io.inpod.netns.internal.NetlinkStructs.Nlmsghdr;
import io.inpod.netns.internal.StructLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * A netlink message under construction: the header, the family's fixed part, then attributes, each aligned to four bytes.
 * All numbers are in this machine's byte order. Not thread-safe.
 */
public final class NetlinkRequest {
    /** Creates the object if it doesn't exist. */
    public static final int CREATE = 0x400;

    /** Adds the object after the existing ones, in lists that have an order. */
    public static final int APPEND = 0x800;

    /** Fails if the object exists already. */
    public static final int EXCLUSIVE = 0x200;

    /** Replaces an existing object. */
    public static final int REPLACE = 0x100;

    static final int USUAL_BYTES = 256;
    private static final int LEAST_BYTES = 64;
    private static final int MOST_ATTRIBUTE_BYTES = 0xffff;

    private final String operation;
    private final Object subject;
    private final int type;
    private final int flags;
    private int struct;
    private ByteBuffer buffer;

    /**
     * Begins a message.
     *
     * @param operation what the request does, for errors, such as {@code "add link"}
     * @param subject what it is applied to, for errors; its {@code toString} is called only for those
     * @param type the message type, such as RTM_NEWLINK
     * @param flags {@link #CREATE}, {@link #APPEND}, {@link #EXCLUSIVE}, {@link #REPLACE} or 0; the flags that every request needs are
     *     added when it is sent
     */
    public NetlinkRequest(String operation, Object subject, int type, int flags) {
        this(operation, subject, type, flags, USUAL_BYTES);
    }

    /** Begins a message with an estimate of its length, in bytes: for messages that are sent in large numbers. */
    NetlinkRequest(String operation, Object subject, int type, int flags, int bytes) {
        this.operation = operation;
        this.subject = subject;
        this.type = type;
        this.flags = flags;
        buffer = ByteBuffer.allocate(Math.max(LEAST_BYTES, bytes)).order(ByteOrder.nativeOrder()).position(Nlmsghdr.STRUCT.size());
    }

    String operation() {
        return operation;
    }

    String subject() {
        return subject.toString();
    }

    /**
     * Appends a byte of the fixed part.
     *
     * @param value the byte, in the low 8 bits
     * @return this
     */
    public NetlinkRequest u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    /**
     * Appends a 16-bit number of the fixed part.
     *
     * @param value the number, in the low 16 bits
     * @return this
     */
    public NetlinkRequest u16(int value) {
        room(2).putShort((short) value);
        return this;
    }

    /**
     * Appends a 32-bit number of the fixed part.
     *
     * @param value the number
     * @return this
     */
    public NetlinkRequest u32(int value) {
        room(4).putInt(value);
        return this;
    }

    /**
     * Appends a struct of the fixed part, or of an attribute that has been begun.
     *
     * @param struct its bytes, which are padded to a multiple of four
     * @return this
     */
    public NetlinkRequest fixed(byte[] struct) {
        int length = Wire.align(struct.length);
        int start = room(length).position();
        buffer.put(struct).position(start + length);
        return this;
    }

    /**
     * Appends an attribute.
     *
     * @param attribute its type
     * @param value its value
     * @return this
     */
    public NetlinkRequest bytes(int attribute, byte[] value) {
        int start = begin(attribute);
        room(value.length).put(value);
        return end(start);
    }

    /**
     * Appends an attribute with a 32-bit number.
     *
     * @param attribute its type
     * @param value its value
     * @return this
     */
    public NetlinkRequest u32(int attribute, int value) {
        return attribute(attribute, 4, value);
    }

    /**
     * Appends an attribute with a 16-bit number.
     *
     * @param attribute its type
     * @param value the number, in the low 16 bits
     * @return this
     */
    public NetlinkRequest u16(int attribute, int value) {
        return attribute(attribute, 2, value & 0xffffL);
    }

    /**
     * Appends an attribute with a 64-bit number.
     *
     * @param attribute its type
     * @param value its value
     * @return this
     */
    public NetlinkRequest u64(int attribute, long value) {
        return attribute(attribute, 8, value);
    }

    /**
     * Appends an attribute with a 16-bit number in network byte order, which netfilter uses.
     *
     * @param attribute its type
     * @param value the number, in the low 16 bits
     * @return this
     */
    public NetlinkRequest be16(int attribute, int value) {
        return attribute(attribute, 2, Short.reverseBytes((short) value) & 0xffffL);
    }

    /**
     * Appends an attribute with a 32-bit number in network byte order.
     *
     * @param attribute its type
     * @param value its value
     * @return this
     */
    public NetlinkRequest be32(int attribute, int value) {
        return attribute(attribute, 4, Integer.reverseBytes(value));
    }

    /**
     * Appends an attribute with a 64-bit number in network byte order.
     *
     * @param attribute its type
     * @param value its value
     * @return this
     */
    public NetlinkRequest be64(int attribute, long value) {
        return attribute(attribute, 8, Long.reverseBytes(value));
    }

    /** Appends a whole attribute of up to 8 bytes: the low bytes of the number, padded with its zeros. */
    private NetlinkRequest attribute(int type, int bytes, long value) {
        room(Nlattr.STRUCT.size() + Wire.align(bytes));
        int start = buffer.position();
        Nlattr.LENGTH.put(buffer, start, Nlattr.STRUCT.size() + bytes);
        Nlattr.TYPE.put(buffer, start, type);
        buffer.position(start + Nlattr.STRUCT.size());
        if (bytes == 8) {
            buffer.putLong(value);
        } else {
            buffer.putInt((int) value);
        }
        return this;
    }

    /**
     * Appends an attribute with a zero-terminated string.
     *
     * @param attribute its type
     * @param value its value
     * @return this
     */
    public NetlinkRequest string(int attribute, String value) {
        int start = begin(attribute);
        byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
        room(encoded.length + 1).put(encoded).put((byte) 0);
        return end(start);
    }

    /**
     * Appends an attribute that contains other attributes.
     *
     * @param attribute its type
     * @param content appends the nested attributes to this request
     * @return this
     * @throws IllegalArgumentException if they are longer than 65531 bytes
     */
    public NetlinkRequest nested(int attribute, Consumer<NetlinkRequest> content) {
        int start = begin(attribute);
        content.accept(this);
        return end(start);
    }

    /**
     * Begins an attribute that contains everything that is appended until its {@link #end}. Does the same as {@link #nested}, without a
     * lambda, for messages that are sent in large numbers.
     *
     * @param attribute its type
     * @return the argument of {@link #end}
     */
    public int begin(int attribute) {
        int start = room(Nlattr.STRUCT.size()).position();
        Nlattr.TYPE.put(buffer, start, attribute);
        buffer.position(start + Nlattr.STRUCT.size());
        return start;
    }

    /**
     * Ends the attribute that was begun last and hasn't been ended.
     *
     * @param start the result of {@link #begin}
     * @return this
     * @throws IllegalArgumentException if it is longer than 65531 bytes
     */
    public NetlinkRequest end(int start) {
        int length = buffer.position() - start;
        if (length > MOST_ATTRIBUTE_BYTES) {
            throw new IllegalArgumentException(
                    "attribute " + Nlattr.TYPE.get(buffer, start) + " has " + length + " bytes; " + MOST_ATTRIBUTE_BYTES + " is the most");
        }
        Nlattr.LENGTH.put(buffer, start, length);
        while (buffer.position() % 4 != 0) {
            u8(0);
        }
        return this;
    }

    /** Appends a struct of zeros with its padding. {@link #set} fills its fields; its table is in {@code io.inpod.netns.internal}. */
    NetlinkRequest struct(StructLayout layout) {
        int length = Wire.align(layout.size());
        struct = room(length).position();
        buffer.position(struct + length);
        return this;
    }

    /** Appends a struct that begins an entry of a list, such as {@code rtnexthop}. Returns the argument of {@link #endStruct}. */
    int beginStruct(StructLayout layout) {
        struct(layout);
        return struct;
    }

    /** Ends the entry: its length, with what has been appended since, goes into a field of its struct. */
    void endStruct(int start, Field length) {
        length.put(buffer, start, buffer.position() - start);
    }

    /** Sets a field of the last struct. */
    NetlinkRequest set(Field field, long value) {
        field.put(buffer, struct, value);
        return this;
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            ByteBuffer larger = ByteBuffer.allocate((buffer.capacity() + bytes) * 2).order(ByteOrder.nativeOrder());
            buffer = larger.put(buffer.flip());
        }
        return buffer;
    }

    /** The length of the finished message including its padding, in bytes. */
    int bytes() {
        return Wire.align(buffer.position());
    }

    /** Appends the finished message to a buffer that has room for it. */
    void write(ByteBuffer target, int extraFlags, int sequence) {
        int start = target.position();
        int length = buffer.position();
        target.put(start, buffer.array(), 0, length);
        for (int at = start + length; at < start + bytes(); at++) {
            target.put(at, (byte) 0);
        }
        Nlmsghdr.LENGTH.put(target, start, length);
        Nlmsghdr.TYPE.put(target, start, type);
        Nlmsghdr.FLAGS.put(target, start, flags | extraFlags);
        Nlmsghdr.SEQUENCE.put(target, start, sequence);
        Nlmsghdr.PORT.put(target, start, 0);
        target.position(start + bytes());
    }
}

package io.inpod.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * A netlink message under construction: the header, the family's fixed part, then attributes, each aligned to four bytes.
 * All numbers are in this machine's byte order. Not thread-safe.
 */
public final class NetlinkRequest {
    /** Length of struct nlmsghdr, in bytes. */
    static final int HEADER = 16;

    /** Creates what isn't there. */
    public static final int CREATE = 0x400;

    /** Fails if it is there already. */
    public static final int EXCLUSIVE = 0x200;

    private final String operation;
    private final String subject;
    private final int type;
    private final int flags;
    private ByteBuffer buffer = ByteBuffer.allocate(512).order(ByteOrder.nativeOrder()).position(HEADER);

    /**
     * Begins a message.
     *
     * @param operation what it does, for errors, such as {@code "add link"}
     * @param subject what it is applied to, for errors
     * @param type the message type, such as RTM_NEWLINK
     * @param flags {@link #CREATE}, {@link #EXCLUSIVE} or 0; those that every request needs are added when it is sent
     */
    public NetlinkRequest(String operation, String subject, int type, int flags) {
        this.operation = operation;
        this.subject = subject;
        this.type = type;
        this.flags = flags;
    }

    String operation() {
        return operation;
    }

    String subject() {
        return subject;
    }

    /**
     * Appends a byte of the fixed part.
     *
     * @param value of which the low 8 bits count
     * @return this
     */
    public NetlinkRequest u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    /**
     * Appends a 16-bit number of the fixed part.
     *
     * @param value of which the low 16 bits count
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
     * Appends an attribute.
     *
     * @param attribute its type
     * @param value its value
     * @return this
     */
    public NetlinkRequest bytes(int attribute, byte[] value) {
        return nested(attribute, request -> request.room(value.length).put(value));
    }

    /**
     * Appends an attribute that holds a 32-bit number.
     *
     * @param attribute its type
     * @param value its value
     * @return this
     */
    public NetlinkRequest u32(int attribute, int value) {
        return nested(attribute, request -> request.u32(value));
    }

    /**
     * Appends an attribute that holds a text ended by a zero byte.
     *
     * @param attribute its type
     * @param value its value
     * @return this
     */
    public NetlinkRequest string(int attribute, String value) {
        return bytes(attribute, (value + '\0').getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Appends an attribute that holds others.
     *
     * @param attribute its type
     * @param content appends to this request what the attribute holds
     * @return this
     */
    public NetlinkRequest nested(int attribute, Consumer<NetlinkRequest> content) {
        int start = room(4).position();
        buffer.putShort((short) 0).putShort((short) attribute);
        content.accept(this);
        buffer.putShort(start, (short) (buffer.position() - start));
        while (buffer.position() % 4 != 0) {
            u8(0);
        }
        return this;
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            ByteBuffer larger = ByteBuffer.allocate((buffer.capacity() + bytes) * 2).order(ByteOrder.nativeOrder());
            buffer = larger.put(buffer.flip());
        }
        return buffer;
    }

    /** The finished message, to be sent. */
    ByteBuffer finish(int extraFlags, int sequence) {
        return buffer.duplicate().order(ByteOrder.nativeOrder()).flip()
                .putInt(0, buffer.position())
                .putShort(4, (short) type)
                .putShort(6, (short) (flags | extraFlags))
                .putInt(8, sequence)
                .putInt(12, 0);
    }
}

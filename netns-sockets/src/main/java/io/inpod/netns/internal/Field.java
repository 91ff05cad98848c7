package io.inpod.netns.internal;

import java.nio.ByteBuffer;

/** A number in a {@link StructLayout}, in this machine's byte order: its name in C, and its offset in the struct and its size, in bytes. */
public record Field(String name, int offset, int size) {
    /** Reads it from the struct that begins at an index of the buffer; unsigned up to 16 bits. */
    public int get(ByteBuffer buffer, int struct) {
        return switch (size) {
            case 1 -> buffer.get(struct + offset) & 0xff;
            case 2 -> buffer.getShort(struct + offset) & 0xffff;
            default -> buffer.getInt(struct + offset); // the low half of a longer one: the machine is little-endian
        };
    }

    /** Reads it; unsigned up to 32 bits. */
    public long getLong(ByteBuffer buffer, int struct) {
        return size == 8 ? buffer.getLong(struct + offset) : get(buffer, struct) & 0xffffffffL;
    }

    /** Writes the low bytes of a value into the struct that begins at an index of the buffer. */
    public void put(ByteBuffer buffer, int struct, long value) {
        switch (size) {
            case 1 -> buffer.put(struct + offset, (byte) value);
            case 2 -> buffer.putShort(struct + offset, (short) value);
            case 4 -> buffer.putInt(struct + offset, (int) value);
            default -> buffer.putLong(struct + offset, value);
        }
    }
}

package io.inpod.iptables.backend.internal.nft;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A struct of x_tables under construction: zeros at first, of a size that is a multiple of 8. Offsets are in bytes. */
final class Struct {
    private final ByteBuffer content;

    Struct(int size) {
        content = ByteBuffer.allocate(size + 7 & ~7).order(ByteOrder.nativeOrder());
    }

    Struct u8(int offset, int value) {
        content.put(offset, (byte) value);
        return this;
    }

    Struct u16(int offset, int value) {
        content.putShort(offset, (short) value);
        return this;
    }

    Struct u32(int offset, int value) {
        content.putInt(offset, value);
        return this;
    }

    /** A port, in network byte order. */
    Struct port(int offset, int value) {
        return u8(offset, value >> 8).u8(offset + 1, value);
    }

    Struct bytes(int offset, byte[] value) {
        content.put(offset, value);
        return this;
    }

    Struct text(int offset, String value) {
        return bytes(offset, value.getBytes(StandardCharsets.UTF_8));
    }

    Bytes bytes() {
        return Bytes.of(content.array());
    }
}

package io.inpod.iptables.backend.internal.nft.xtables;

import io.inpod.iptables.backend.internal.nft.expr.Octets;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A struct of x_tables under construction: zeros at first, of a size that is a multiple of 8. Offsets are in bytes. */
final class Struct {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.nativeOrder());

    private final byte[] content;

    Struct(int size) {
        content = new byte[size + 7 & ~7];
    }

    Struct u8(int offset, int value) {
        content[offset] = (byte) value;
        return this;
    }

    Struct u16(int offset, int value) {
        SHORT.set(content, offset, (short) value);
        return this;
    }

    Struct u32(int offset, int value) {
        INT.set(content, offset, value);
        return this;
    }

    /** A port, in network byte order. */
    Struct port(int offset, int value) {
        return u8(offset, value >> 8).u8(offset + 1, value);
    }

    Struct bytes(int offset, byte[] value) {
        System.arraycopy(value, 0, content, offset, value.length);
        return this;
    }

    Struct text(int offset, String value) {
        return bytes(offset, value.getBytes(StandardCharsets.UTF_8));
    }

    Octets bytes() {
        return Octets.of(content);
    }
}

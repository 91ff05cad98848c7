package io.inpod.iptables.backend.internal.nft;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** Bytes as the kernel has them in a register or a struct; equal by content. */
final class Bytes {
    private static final VarHandle HOST_INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());

    private final byte[] content;

    private Bytes(byte[] content) {
        this.content = content;
    }

    /** The caller gives the array away. */
    static Bytes of(byte[] content) {
        return new Bytes(content);
    }

    static Bytes u8(int value) {
        return new Bytes(new byte[] {(byte) value});
    }

    /** In network byte order, as packets have it. */
    static Bytes be16(int value) {
        return new Bytes(new byte[] {(byte) (value >> 8), (byte) value});
    }

    /** In network byte order. */
    static Bytes be32(int value) {
        return new Bytes(new byte[] {(byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value});
    }

    /** In this machine's byte order, as marks and numbers of users are. */
    static Bytes host32(int value) {
        byte[] bytes = new byte[4];
        HOST_INT.set(bytes, 0, value);
        return new Bytes(bytes);
    }

    /** In this machine's byte order. */
    static Bytes host16(int value) {
        return new Bytes(ByteBuffer.allocate(2).order(ByteOrder.nativeOrder()).putShort((short) value).array());
    }

    /** In this machine's byte order. */
    static Bytes host64(long value) {
        return new Bytes(ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(value).array());
    }

    static Bytes zeros(int length) {
        return new Bytes(new byte[length]);
    }

    int length() {
        return content.length;
    }

    int u8At(int index) {
        return content[index] & 0xff;
    }

    int u16At(int index) {
        return u8At(index) << 8 | u8At(index + 1);
    }

    int beInt(int index) {
        return ByteBuffer.wrap(content).getInt(index);
    }

    int hostInt(int index) {
        return (int) HOST_INT.get(content, index);
    }

    long hostLong(int index) {
        return ByteBuffer.wrap(content).order(ByteOrder.nativeOrder()).getLong(index);
    }

    int hostShort(int index) {
        return ByteBuffer.wrap(content).order(ByteOrder.nativeOrder()).getShort(index) & 0xffff;
    }

    /** The text up to the first zero byte. */
    String text(int from, int most) {
        int end = from;
        while (end < Math.min(from + most, content.length) && content[end] != 0) {
            end++;
        }
        return new String(content, from, end - from, StandardCharsets.UTF_8);
    }

    Bytes slice(int from, int length) {
        return new Bytes(Arrays.copyOfRange(content, from, from + length));
    }

    boolean isZero() {
        for (byte b : content) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    byte[] array() {
        return content;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes bytes && Arrays.equals(content, bytes.content);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(content);
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(content);
    }
}

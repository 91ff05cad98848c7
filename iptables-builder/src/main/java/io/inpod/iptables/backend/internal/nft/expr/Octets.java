package io.inpod.iptables.backend.internal.nft.expr;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** Octets as the kernel has them in a register or a struct; equal by content. */
public final class Octets {
    private static final VarHandle HOST_INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());

    private final byte[] content;

    private Octets(byte[] content) {
        this.content = content;
    }

    /** The caller gives the array away. */
    public static Octets of(byte[] content) {
        return new Octets(content);
    }

    public static Octets u8(int value) {
        return new Octets(new byte[] {(byte) value});
    }

    /** In network byte order, as packets have it. */
    public static Octets be16(int value) {
        return new Octets(new byte[] {(byte) (value >> 8), (byte) value});
    }

    /** In network byte order. */
    public static Octets be32(int value) {
        return new Octets(new byte[] {(byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value});
    }

    /** In this machine's byte order, as marks and numbers of users are. */
    public static Octets host32(int value) {
        byte[] bytes = new byte[4];
        HOST_INT.set(bytes, 0, value);
        return new Octets(bytes);
    }

    /** In this machine's byte order. */
    public static Octets host16(int value) {
        return new Octets(ByteBuffer.allocate(2).order(ByteOrder.nativeOrder()).putShort((short) value).array());
    }

    /** In this machine's byte order. */
    public static Octets host64(long value) {
        return new Octets(ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(value).array());
    }

    public static Octets zeros(int length) {
        return new Octets(new byte[length]);
    }

    public int length() {
        return content.length;
    }

    public int u8At(int index) {
        return content[index] & 0xff;
    }

    public int u16At(int index) {
        return u8At(index) << 8 | u8At(index + 1);
    }

    public int beInt(int index) {
        return ByteBuffer.wrap(content).getInt(index);
    }

    public int hostInt(int index) {
        return (int) HOST_INT.get(content, index);
    }

    public long hostLong(int index) {
        return ByteBuffer.wrap(content).order(ByteOrder.nativeOrder()).getLong(index);
    }

    public int hostShort(int index) {
        return ByteBuffer.wrap(content).order(ByteOrder.nativeOrder()).getShort(index) & 0xffff;
    }

    /** The text up to the first zero byte. */
    public String text(int from, int most) {
        int end = from;
        while (end < Math.min(from + most, content.length) && content[end] != 0) {
            end++;
        }
        return new String(content, from, end - from, StandardCharsets.UTF_8);
    }

    public Octets slice(int from, int length) {
        return new Octets(Arrays.copyOfRange(content, from, from + length));
    }

    public boolean isZero() {
        for (byte b : content) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    public byte[] array() {
        return content;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Octets bytes && Arrays.equals(content, bytes.content);
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

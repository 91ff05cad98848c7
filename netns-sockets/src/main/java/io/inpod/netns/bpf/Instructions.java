package io.inpod.netns.bpf;

import io.inpod.netns.internal.Native;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A program, instruction by instruction; see the kernel's Documentation/bpf/standardization/instruction-set.rst. Offsets are in bytes. */
final class Instructions {
    private static final int LENGTH = 8;
    private static final int PSEUDO_MAP_FD = 1;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private Instructions add(int code, int to, int from, int offset, int value) {
        bytes.writeBytes(ByteBuffer.allocate(LENGTH).order(ByteOrder.nativeOrder()).put((byte) code)
                .put((byte) (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? from << 4 | to : to << 4 | from))
                .putShort((short) offset).putInt(value).array());
        return this;
    }

    /** to = value. */
    Instructions set(int to, int value) {
        return add(0xb7, to, 0, 0, value);
    }

    /** to = value, which has 32 bits and no sign. */
    Instructions setUnsigned(int to, int value) {
        return add(0xb4, to, 0, 0, value);
    }

    /** to = from. */
    Instructions copy(int to, int from) {
        return add(0xbf, to, from, 0, 0);
    }

    /** to += value. */
    Instructions plus(int to, int value) {
        return add(0x07, to, 0, 0, value);
    }

    /** to = the 32 bits at from + offset. */
    Instructions load(int to, int from, int offset) {
        return add(0x61, to, from, offset, 0);
    }

    /** The 32 bits at to + offset = from. */
    Instructions store(int to, int offset, int from) {
        return add(0x63, to, from, offset, 0);
    }

    /** Turns the 32 bits in a register from the network's order into the machine's. */
    Instructions fromNetwork(int register) {
        return add(0xdc, register, 0, 0, 32);
    }

    /** Skips instructions if register == value. */
    Instructions skipIfEqual(int register, int value, int count) {
        return add(0x15, register, 0, count, value);
    }

    /** Skips instructions. */
    Instructions skip(int count) {
        return add(0x05, 0, 0, count, 0);
    }

    /** to = a map. This takes the space of two instructions. */
    Instructions map(int to, int fd) {
        return add(0x18, to, PSEUDO_MAP_FD, 0, fd).add(0, 0, 0, 0, 0);
    }

    /** Register 0 = the result of a function of the kernel, whose parameters are the registers from 1 on. */
    Instructions call(int function) {
        return add(0x85, 0, 0, 0, function);
    }

    /** Ends the program, whose result is in register 0. */
    Instructions end() {
        return add(0x95, 0, 0, 0, 0);
    }

    Instructions append(Instructions others) {
        bytes.writeBytes(others.bytes.toByteArray());
        return this;
    }

    int count() {
        return bytes.size() / LENGTH;
    }

    ByteBuffer buffer() {
        return Native.buffer(bytes.size()).put(0, bytes.toByteArray());
    }
}

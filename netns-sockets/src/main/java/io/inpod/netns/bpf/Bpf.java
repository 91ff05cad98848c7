package io.inpod.netns.bpf;

import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The system call bpf(2). Its parameters are structures of union bpf_attr in linux/bpf.h. */
final class Bpf {
    static final int ANY = 0;
    static final int NO_EXIST = 1;

    private static final int SYS_BPF = System.getProperty("os.arch").equals("amd64") ? 321 : 280; // asm/unistd_64.h, asm-generic/unistd.h
    private static final int MAP_CREATE = 0;
    private static final int MAP_UPDATE_ELEM = 2;
    private static final int MAP_DELETE_ELEM = 3;
    private static final int PROG_LOAD = 5;
    private static final int PROG_ATTACH = 8;
    private static final int LENGTH = 128;

    private Bpf() {}

    static OwnedFd map(int type, int keyLength, int valueLength, int entries, String what) throws IOException {
        ByteBuffer parameters = Native.buffer(LENGTH).putInt(type).putInt(keyLength).putInt(valueLength).putInt(entries);
        return OwnedFd.adopt(Native.check((int) call(MAP_CREATE, parameters), "bpf(BPF_MAP_CREATE)", what), what);
    }

    static OwnedFd program(int type, int attachType, Instructions instructions, String what) throws IOException {
        ByteBuffer code = instructions.buffer();
        ByteBuffer license = Native.buffer(16).put(0, "Apache-2.0".getBytes(StandardCharsets.US_ASCII));
        ByteBuffer parameters = Native.buffer(LENGTH).putInt(type).putInt(instructions.count()).putLong(Native.address(code))
                .putLong(Native.address(license)).putInt(68, attachType);
        try {
            return OwnedFd.adopt(Native.check((int) call(PROG_LOAD, parameters), "bpf(BPF_PROG_LOAD)", what), what);
        } finally {
            Reference.reachabilityFence(code);
            Reference.reachabilityFence(license);
        }
    }

    static void attach(int map, int program, int attachType, String what) throws IOException {
        ByteBuffer parameters = Native.buffer(LENGTH).putInt(map).putInt(program).putInt(attachType);
        Native.check((int) call(PROG_ATTACH, parameters), "bpf(BPF_PROG_ATTACH)", what);
    }

    /** Returns whether it succeeded. */
    static boolean update(int map, ByteBuffer key, ByteBuffer value, int flags) {
        ByteBuffer parameters = Native.buffer(LENGTH).putInt(0, map).putLong(8, Native.address(key)).putLong(16, Native.address(value))
                .putLong(24, flags);
        try {
            return call(MAP_UPDATE_ELEM, parameters) == 0;
        } finally {
            Reference.reachabilityFence(key);
            Reference.reachabilityFence(value);
        }
    }

    static void delete(int map, ByteBuffer key) {
        ByteBuffer parameters = Native.buffer(LENGTH).putInt(0, map).putLong(8, Native.address(key));
        try {
            call(MAP_DELETE_ELEM, parameters);
        } finally {
            Reference.reachabilityFence(key);
        }
    }

    private static long call(int command, ByteBuffer parameters) {
        try {
            return Native.LIBC.syscall(SYS_BPF, command, Native.address(parameters), LENGTH);
        } finally {
            Reference.reachabilityFence(parameters);
        }
    }
}

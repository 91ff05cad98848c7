package io.inpod.netns.internal;

import static java.lang.ref.Reference.reachabilityFence;

import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.Library;
import com.kenai.jffi.MemoryIO;
import com.kenai.jffi.Type;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Calls C through jffi. The functions are in the order of {@link LibC}. All parameters are longs, as in {@link ForeignAccess}. */
final class JffiLibC implements LibC {
    private static final Invoker INVOKER = Invoker.getInstance();
    private static final MemoryIO MEMORY = MemoryIO.getInstance();
    private static final Library C = Library.getDefault();

    private static final CallContext ARGUMENTS_1 = longs(1);
    private static final CallContext ARGUMENTS_2 = longs(2);
    private static final CallContext ARGUMENTS_3 = longs(3);
    private static final CallContext ARGUMENTS_4 = longs(4);
    private static final CallContext ARGUMENTS_5 = longs(5);
    private static final CallContext ARGUMENTS_6 = longs(6);

    private static final long SETNS = function("setns");
    private static final long UNSHARE = function("unshare");
    private static final long OPEN = function("open");
    private static final long CLOSE = function("close");
    private static final long FCNTL = function("fcntl");
    private static final long IOCTL = function("ioctl");
    private static final long SYSCALL = function("syscall");
    private static final long STATX = function("statx");
    private static final long FLOCK = function("flock");
    private static final long MOUNT = function("mount");
    private static final long UMOUNT2 = function("umount2");
    private static final long SOCKET = function("socket");
    private static final long BIND = function("bind");
    private static final long CONNECT = function("connect");
    private static final long LISTEN = function("listen");
    private static final long ACCEPT4 = function("accept4");
    private static final long SHUTDOWN = function("shutdown");
    private static final long SENDMSG = function("sendmsg");
    private static final long RECVMSG = function("recvmsg");
    private static final long SEND = function("send");
    private static final long RECV = function("recv");
    private static final long RECVFROM = function("recvfrom");
    private static final long GETSOCKNAME = function("getsockname");
    private static final long GETSOCKOPT = function("getsockopt");
    private static final long SETSOCKOPT = function("setsockopt");
    private static final long POLL = function("poll");
    private static final long CLOCK_GETTIME = function("clock_gettime");
    private static final long MMAP = function("mmap");
    private static final long MUNMAP = function("munmap");

    private static final ThreadLocal<CPath> PATH = ThreadLocal.withInitial(CPath::new);

    /** A thread's place outside the heap for a path in C's form, which stays there until the next one. */
    private static final class CPath {
        private ByteBuffer buffer = Native.buffer(256);
        private long address = at(buffer);

        long address(String text) {
            byte[] bytes = text.getBytes(Charset.defaultCharset());
            if (bytes.length >= buffer.capacity()) {
                buffer = Native.buffer(bytes.length + 1);
                address = at(buffer);
            }
            buffer.put(0, bytes).put(bytes.length, (byte) 0);
            return address;
        }
    }

    private static CallContext longs(int count) {
        Type[] types = new Type[count];
        Arrays.fill(types, Type.SINT64);
        return CallContext.getCallContext(Type.SINT64, types, CallingConvention.DEFAULT, true); // with errno
    }

    private static long function(String name) {
        long address = C.getSymbolAddress(name);
        if (address == 0) {
            throw new UnsatisfiedLinkError("the C library has no function " + name);
        }
        return address;
    }

    @Override
    public int setns(int fd, int type) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, SETNS, fd, type);
    }

    @Override
    public int unshare(int flags) {
        return (int) INVOKER.invokeN1(ARGUMENTS_1, UNSHARE, flags);
    }

    @Override
    public int open(String path, int flags, int mode) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, OPEN, PATH.get().address(path), flags, mode);
    }

    @Override
    public int close(int fd) {
        return (int) INVOKER.invokeN1(ARGUMENTS_1, CLOSE, fd);
    }

    @Override
    public int fcntl(int fd, int command, long argument) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, FCNTL, fd, command, argument);
    }

    @Override
    public int ioctl(int fd, long request, long argument) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, IOCTL, fd, request, argument);
    }

    @Override
    public int ioctl(int fd, long request, ByteBuffer argument) {
        try {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, IOCTL, fd, request, at(argument));
        } finally {
            reachabilityFence(argument);
        }
    }

    @Override
    public long syscall(long number, long first, long second, long third) {
        return INVOKER.invokeN4(ARGUMENTS_4, SYSCALL, number, first, second, third);
    }

    @Override
    public int statx(int directory, String path, int flags, int mask, ByteBuffer result) {
        try {
            return (int) INVOKER.invokeN5(ARGUMENTS_5, STATX, directory, PATH.get().address(path), flags, mask, at(result));
        } finally {
            reachabilityFence(result);
        }
    }

    @Override
    public int flock(int fd, int operation) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, FLOCK, fd, operation);
    }

    @Override
    public int mount(String source, String target, String type, long flags, @Nullable String data) {
        ByteBuffer[] texts = {text(source), text(target), text(type), text(data == null ? "" : data)};
        try {
            return (int) INVOKER.invokeN5(ARGUMENTS_5, MOUNT, at(texts[0]), at(texts[1]), at(texts[2]), flags,
                    data == null ? 0L : at(texts[3]));
        } finally {
            reachabilityFence(texts);
        }
    }

    @Override
    public int umount2(String target, int flags) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, UMOUNT2, PATH.get().address(target), flags);
    }

    @Override
    public int socket(int domain, int type, int protocol) {
        return (int) INVOKER.invokeN3(ARGUMENTS_3, SOCKET, domain, type, protocol);
    }

    @Override
    public int bind(int fd, ByteBuffer address, int length) {
        try {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, BIND, fd, at(address), length);
        } finally {
            reachabilityFence(address);
        }
    }

    @Override
    public int connect(int fd, ByteBuffer address, int length) {
        try {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, CONNECT, fd, at(address), length);
        } finally {
            reachabilityFence(address);
        }
    }

    @Override
    public int listen(int fd, int backlog) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, LISTEN, fd, backlog);
    }

    @Override
    public int accept4(int fd, @Nullable ByteBuffer address, @Nullable ByteBuffer length, int flags) {
        try {
            return (int) INVOKER.invokeN4(ARGUMENTS_4, ACCEPT4, fd, at(address), at(length), flags);
        } finally {
            reachabilityFence(address);
            reachabilityFence(length);
        }
    }

    @Override
    public int shutdown(int fd, int how) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, SHUTDOWN, fd, how);
    }

    @Override
    public long sendmsg(int fd, ByteBuffer message, int flags) {
        try {
            return INVOKER.invokeN3(ARGUMENTS_3, SENDMSG, fd, at(message), flags);
        } finally {
            reachabilityFence(message);
        }
    }

    @Override
    public long recvmsg(int fd, ByteBuffer message, int flags) {
        try {
            return INVOKER.invokeN3(ARGUMENTS_3, RECVMSG, fd, at(message), flags);
        } finally {
            reachabilityFence(message);
        }
    }

    @Override
    public long send(int fd, ByteBuffer data, long length, int flags) {
        try {
            return INVOKER.invokeN4(ARGUMENTS_4, SEND, fd, at(data), length, flags);
        } finally {
            reachabilityFence(data);
        }
    }

    @Override
    public long recv(int fd, ByteBuffer data, long length, int flags) {
        try {
            return INVOKER.invokeN4(ARGUMENTS_4, RECV, fd, at(data), length, flags);
        } finally {
            reachabilityFence(data);
        }
    }

    @Override
    public long recvfrom(int fd, ByteBuffer data, long length, int flags, ByteBuffer address, ByteBuffer addressLength) {
        try {
            return INVOKER.invokeN6(ARGUMENTS_6, RECVFROM, fd, at(data), length, flags, at(address), at(addressLength));
        } finally {
            reachabilityFence(data);
            reachabilityFence(address);
            reachabilityFence(addressLength);
        }
    }

    @Override
    public int getsockname(int fd, ByteBuffer address, ByteBuffer length) {
        try {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, GETSOCKNAME, fd, at(address), at(length));
        } finally {
            reachabilityFence(address);
            reachabilityFence(length);
        }
    }

    @Override
    public int getsockopt(int fd, int level, int name, ByteBuffer value, ByteBuffer length) {
        try {
            return (int) INVOKER.invokeN5(ARGUMENTS_5, GETSOCKOPT, fd, level, name, at(value), at(length));
        } finally {
            reachabilityFence(value);
            reachabilityFence(length);
        }
    }

    @Override
    public int setsockopt(int fd, int level, int name, ByteBuffer value, int length) {
        try {
            return (int) INVOKER.invokeN5(ARGUMENTS_5, SETSOCKOPT, fd, level, name, at(value), length);
        } finally {
            reachabilityFence(value);
        }
    }

    @Override
    public int poll(ByteBuffer fds, long count, int timeoutMillis) {
        try {
            return (int) INVOKER.invokeN3(ARGUMENTS_3, POLL, at(fds), count, timeoutMillis);
        } finally {
            reachabilityFence(fds);
        }
    }

    @Override
    public long syscall(long number, long first, long second) {
        return INVOKER.invokeN4(ARGUMENTS_4, SYSCALL, number, first, second, 0L);
    }

    @Override
    public int clock_gettime(int clock, ByteBuffer time) {
        try {
            return (int) INVOKER.invokeN2(ARGUMENTS_2, CLOCK_GETTIME, clock, at(time));
        } finally {
            reachabilityFence(time);
        }
    }

    @Override
    public long mmap(@Nullable ByteBuffer address, long length, int protection, int flags, int fd, long offset) {
        try {
            return INVOKER.invokeN6(ARGUMENTS_6, MMAP, at(address), length, protection, flags, fd, offset);
        } finally {
            reachabilityFence(address);
        }
    }

    @Override
    public int munmap(long address, long length) {
        return (int) INVOKER.invokeN2(ARGUMENTS_2, MUNMAP, address, length);
    }

    /** The address of the byte at a buffer's position. */
    static long at(@Nullable ByteBuffer buffer) {
        if (buffer == null) {
            return 0;
        }
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("C can't reach a buffer on the heap: " + buffer);
        }
        return MEMORY.getDirectBufferAddress(buffer) + buffer.position();
    }

    /** A copy of a string in C's form. */
    private static ByteBuffer text(String text) {
        byte[] bytes = text.getBytes(Charset.defaultCharset());
        return Native.buffer(bytes.length + 1).put(0, bytes);
    }
}

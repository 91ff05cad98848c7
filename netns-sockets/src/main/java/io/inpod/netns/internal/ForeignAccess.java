package io.inpod.netns.internal;

import static java.lang.ref.Reference.reachabilityFence;

import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/** Calls C through {@code java.lang.foreign}, see {@link ForeignLinker}. The functions are in the order of {@link LibC}. */
final class ForeignAccess implements NativeAccess, LibC {
    private static final ForeignLinker LINKER = new ForeignLinker();

    private static final MethodHandle SETNS = LINKER.function("setns", 2);
    private static final MethodHandle UNSHARE = LINKER.function("unshare", 1);
    private static final MethodHandle OPEN = LINKER.variadic("open", 3, 2);
    private static final MethodHandle CLOSE = LINKER.function("close", 1);
    private static final MethodHandle FCNTL = LINKER.variadic("fcntl", 3, 2);
    private static final MethodHandle IOCTL = LINKER.variadic("ioctl", 3, 2);
    private static final MethodHandle SYSCALL = LINKER.variadic("syscall", 4, 1);
    private static final MethodHandle STATX = LINKER.function("statx", 5);
    private static final MethodHandle FLOCK = LINKER.function("flock", 2);
    private static final MethodHandle MOUNT = LINKER.function("mount", 5);
    private static final MethodHandle UMOUNT2 = LINKER.function("umount2", 2);
    private static final MethodHandle SOCKET = LINKER.function("socket", 3);
    private static final MethodHandle BIND = LINKER.function("bind", 3);
    private static final MethodHandle CONNECT = LINKER.function("connect", 3);
    private static final MethodHandle LISTEN = LINKER.function("listen", 2);
    private static final MethodHandle ACCEPT4 = LINKER.function("accept4", 4);
    private static final MethodHandle SHUTDOWN = LINKER.function("shutdown", 2);
    private static final MethodHandle SENDMSG = LINKER.function("sendmsg", 3);
    private static final MethodHandle RECVMSG = LINKER.function("recvmsg", 3);
    private static final MethodHandle SEND = LINKER.function("send", 4);
    private static final MethodHandle RECV = LINKER.function("recv", 4);
    private static final MethodHandle RECVFROM = LINKER.function("recvfrom", 6);
    private static final MethodHandle GETSOCKNAME = LINKER.function("getsockname", 3);
    private static final MethodHandle GETSOCKOPT = LINKER.function("getsockopt", 5);
    private static final MethodHandle SETSOCKOPT = LINKER.function("setsockopt", 5);
    private static final MethodHandle POLL = LINKER.function("poll", 3);
    private static final MethodHandle CLOCK_GETTIME = LINKER.function("clock_gettime", 2);
    private static final MethodHandle MMAP = LINKER.function("mmap", 6);
    private static final MethodHandle MUNMAP = LINKER.function("munmap", 2);

    private static final MethodHandle ADDRESS = LINKER.address();

    private static final ThreadLocal<Room> ROOM = new ThreadLocal<>() {
        @Override
        protected Room initialValue() {
            return new Room();
        }
    };

    /** What a thread's calls need outside the heap: a place for errno, and one for a path. */
    private static final class Room {
        private final ByteBuffer errno = Native.buffer(Integer.BYTES);
        private final Object errnoSegment = LINKER.segment(errno);
        private ByteBuffer path = Native.buffer(256);
        private long pathAddress = at(path);

        /** The address of a path in C's form, which stays there until the thread's next path. */
        long path(String text) {
            byte[] bytes = text.getBytes(Charset.defaultCharset());
            if (bytes.length >= path.capacity()) {
                path = Native.buffer(bytes.length + 1);
                pathAddress = at(path);
            }
            path.put(0, bytes).put(bytes.length, (byte) 0);
            return pathAddress;
        }
    }

    @Override
    public LibC libc() {
        return this;
    }

    @Override
    public int errno() {
        return ROOM.get().errno.getInt(0);
    }

    @Override
    public long address(ByteBuffer direct) {
        return at(direct.duplicate().clear());
    }

    @Override
    public int setns(int fd, int type) {
        return (int) call(SETNS, fd, type);
    }

    @Override
    public int unshare(int flags) {
        return (int) call(UNSHARE, flags);
    }

    @Override
    public int open(String path, int flags, int mode) {
        return (int) call(OPEN, ROOM.get().path(path), flags, mode);
    }

    @Override
    public int close(int fd) {
        return (int) call(CLOSE, fd);
    }

    @Override
    public int fcntl(int fd, int command, long argument) {
        return (int) call(FCNTL, fd, command, argument);
    }

    @Override
    public int ioctl(int fd, long request, long argument) {
        return (int) call(IOCTL, fd, request, argument);
    }

    @Override
    public int ioctl(int fd, long request, ByteBuffer argument) {
        try {
            return (int) call(IOCTL, fd, request, at(argument));
        } finally {
            reachabilityFence(argument);
        }
    }

    @Override
    public long syscall(long number, long first, long second, long third) {
        return call(SYSCALL, number, first, second, third);
    }

    @Override
    public int statx(int directory, String path, int flags, int mask, ByteBuffer result) {
        try {
            return (int) call(STATX, directory, ROOM.get().path(path), flags, mask, at(result));
        } finally {
            reachabilityFence(result);
        }
    }

    @Override
    public int flock(int fd, int operation) {
        return (int) call(FLOCK, fd, operation);
    }

    @Override
    public int mount(String source, String target, String type, long flags, @Nullable String data) {
        ByteBuffer[] texts = {text(source), text(target), text(type), text(data == null ? "" : data)};
        try {
            return (int) call(MOUNT, at(texts[0]), at(texts[1]), at(texts[2]), flags, data == null ? 0 : at(texts[3]));
        } finally {
            reachabilityFence(texts);
        }
    }

    @Override
    public int umount2(String target, int flags) {
        return (int) call(UMOUNT2, ROOM.get().path(target), flags);
    }

    @Override
    public int socket(int domain, int type, int protocol) {
        return (int) call(SOCKET, domain, type, protocol);
    }

    @Override
    public int bind(int fd, ByteBuffer address, int length) {
        try {
            return (int) call(BIND, fd, at(address), length);
        } finally {
            reachabilityFence(address);
        }
    }

    @Override
    public int connect(int fd, ByteBuffer address, int length) {
        try {
            return (int) call(CONNECT, fd, at(address), length);
        } finally {
            reachabilityFence(address);
        }
    }

    @Override
    public int listen(int fd, int backlog) {
        return (int) call(LISTEN, fd, backlog);
    }

    @Override
    public int accept4(int fd, @Nullable ByteBuffer address, @Nullable ByteBuffer length, int flags) {
        try {
            return (int) call(ACCEPT4, fd, at(address), at(length), flags);
        } finally {
            reachabilityFence(address);
            reachabilityFence(length);
        }
    }

    @Override
    public int shutdown(int fd, int how) {
        return (int) call(SHUTDOWN, fd, how);
    }

    @Override
    public long sendmsg(int fd, ByteBuffer message, int flags) {
        try {
            return call(SENDMSG, fd, at(message), flags);
        } finally {
            reachabilityFence(message);
        }
    }

    @Override
    public long recvmsg(int fd, ByteBuffer message, int flags) {
        try {
            return call(RECVMSG, fd, at(message), flags);
        } finally {
            reachabilityFence(message);
        }
    }

    @Override
    public long send(int fd, ByteBuffer data, long length, int flags) {
        try {
            return call(SEND, fd, at(data), length, flags);
        } finally {
            reachabilityFence(data);
        }
    }

    @Override
    public long recv(int fd, ByteBuffer data, long length, int flags) {
        try {
            return call(RECV, fd, at(data), length, flags);
        } finally {
            reachabilityFence(data);
        }
    }

    @Override
    public long recvfrom(int fd, ByteBuffer data, long length, int flags, ByteBuffer address, ByteBuffer addressLength) {
        try {
            return call(RECVFROM, fd, at(data), length, flags, at(address), at(addressLength));
        } finally {
            reachabilityFence(data);
            reachabilityFence(address);
            reachabilityFence(addressLength);
        }
    }

    @Override
    public int getsockname(int fd, ByteBuffer address, ByteBuffer length) {
        try {
            return (int) call(GETSOCKNAME, fd, at(address), at(length));
        } finally {
            reachabilityFence(address);
            reachabilityFence(length);
        }
    }

    @Override
    public int getsockopt(int fd, int level, int name, ByteBuffer value, ByteBuffer length) {
        try {
            return (int) call(GETSOCKOPT, fd, level, name, at(value), at(length));
        } finally {
            reachabilityFence(value);
            reachabilityFence(length);
        }
    }

    @Override
    public int setsockopt(int fd, int level, int name, ByteBuffer value, int length) {
        try {
            return (int) call(SETSOCKOPT, fd, level, name, at(value), length);
        } finally {
            reachabilityFence(value);
        }
    }

    @Override
    public int poll(ByteBuffer fds, long count, int timeoutMillis) {
        try {
            return (int) call(POLL, at(fds), count, timeoutMillis);
        } finally {
            reachabilityFence(fds);
        }
    }

    @Override
    public long syscall(long number, long first, long second) {
        return call(SYSCALL, number, first, second, 0);
    }

    @Override
    public int clock_gettime(int clock, ByteBuffer time) {
        try {
            return (int) call(CLOCK_GETTIME, clock, at(time));
        } finally {
            reachabilityFence(time);
        }
    }

    @Override
    public long mmap(@Nullable ByteBuffer address, long length, int protection, int flags, int fd, long offset) {
        try {
            return call(MMAP, at(address), length, protection, flags, fd, offset);
        } finally {
            reachabilityFence(address);
        }
    }

    @Override
    public int munmap(long address, long length) {
        return (int) call(MUNMAP, address, length);
    }

    /** The address of the byte at a buffer's position. */
    private static long at(@Nullable ByteBuffer buffer) {
        if (buffer == null) {
            return 0;
        }
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("C can't reach a buffer on the heap: " + buffer);
        }
        try {
            return (long) ADDRESS.invokeExact(buffer);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** A copy of a string in C's form. */
    private static ByteBuffer text(String text) {
        byte[] bytes = text.getBytes(Charset.defaultCharset());
        return Native.buffer(bytes.length + 1).put(0, bytes);
    }

    // The JIT compiler inlines these small methods, and so sees which function the handle calls.

    private static long call(MethodHandle function, long first) {
        try {
            return (long) function.invokeExact(ROOM.get().errnoSegment, first);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static long call(MethodHandle function, long first, long second) {
        try {
            return (long) function.invokeExact(ROOM.get().errnoSegment, first, second);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static long call(MethodHandle function, long first, long second, long third) {
        try {
            return (long) function.invokeExact(ROOM.get().errnoSegment, first, second, third);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static long call(MethodHandle function, long first, long second, long third, long fourth) {
        try {
            return (long) function.invokeExact(ROOM.get().errnoSegment, first, second, third, fourth);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static long call(MethodHandle function, long first, long second, long third, long fourth, long fifth) {
        try {
            return (long) function.invokeExact(ROOM.get().errnoSegment, first, second, third, fourth, fifth);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static long call(MethodHandle function, long first, long second, long third, long fourth, long fifth, long sixth) {
        try {
            return (long) function.invokeExact(ROOM.get().errnoSegment, first, second, third, fourth, fifth, sixth);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** C throws nothing: what arrives here is the JVM's, such as an OutOfMemoryError. */
    private static Error unexpected(Throwable e) {
        if (e instanceof RuntimeException exception) {
            throw exception;
        }
        return e instanceof Error error ? error : new AssertionError(e);
    }
}

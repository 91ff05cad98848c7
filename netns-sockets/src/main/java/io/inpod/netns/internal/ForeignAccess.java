package io.inpod.netns.internal;

import static java.lang.ref.Reference.reachabilityFence;

import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/**
 * Calls C through {@code java.lang.foreign}, see {@link ForeignLinker}. The functions are in the order of {@link LibC}. Each method calls
 * its handle itself: a common method that gets the handle as a parameter would depend on being inlined.
 */
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
        try {
            return (int) (long) SETNS.invokeExact(state(), (long) fd, (long) type);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int unshare(int flags) {
        try {
            return (int) (long) UNSHARE.invokeExact(state(), (long) flags);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int open(String path, int flags, int mode) {
        try {
            return (int) (long) OPEN.invokeExact(state(), ROOM.get().path(path), (long) flags, (long) mode);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int close(int fd) {
        try {
            return (int) (long) CLOSE.invokeExact(state(), (long) fd);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int fcntl(int fd, int command, long argument) {
        try {
            return (int) (long) FCNTL.invokeExact(state(), (long) fd, (long) command, argument);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int ioctl(int fd, long request, long argument) {
        try {
            return (int) (long) IOCTL.invokeExact(state(), (long) fd, request, argument);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int ioctl(int fd, long request, ByteBuffer argument) {
        try {
            return (int) (long) IOCTL.invokeExact(state(), (long) fd, request, at(argument));
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(argument);
        }
    }

    @Override
    public long syscall(long number, long first, long second, long third) {
        try {
            return (long) SYSCALL.invokeExact(state(), number, first, second, third);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int statx(int directory, String path, int flags, int mask, ByteBuffer result) {
        try {
            return (int) (long) STATX.invokeExact(state(), (long) directory, ROOM.get().path(path), (long) flags, (long) mask, at(result));
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(result);
        }
    }

    @Override
    public int flock(int fd, int operation) {
        try {
            return (int) (long) FLOCK.invokeExact(state(), (long) fd, (long) operation);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int mount(String source, String target, String type, long flags, @Nullable String data) {
        ByteBuffer[] texts = {text(source), text(target), text(type), text(data == null ? "" : data)};
        try {
            return (int) (long) MOUNT.invokeExact(state(), at(texts[0]), at(texts[1]), at(texts[2]), flags,
                    data == null ? 0L : at(texts[3]));
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(texts);
        }
    }

    @Override
    public int umount2(String target, int flags) {
        try {
            return (int) (long) UMOUNT2.invokeExact(state(), ROOM.get().path(target), (long) flags);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int socket(int domain, int type, int protocol) {
        try {
            return (int) (long) SOCKET.invokeExact(state(), (long) domain, (long) type, (long) protocol);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int bind(int fd, ByteBuffer address, int length) {
        try {
            return (int) (long) BIND.invokeExact(state(), (long) fd, at(address), (long) length);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(address);
        }
    }

    @Override
    public int connect(int fd, ByteBuffer address, int length) {
        try {
            return (int) (long) CONNECT.invokeExact(state(), (long) fd, at(address), (long) length);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(address);
        }
    }

    @Override
    public int listen(int fd, int backlog) {
        try {
            return (int) (long) LISTEN.invokeExact(state(), (long) fd, (long) backlog);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int accept4(int fd, @Nullable ByteBuffer address, @Nullable ByteBuffer length, int flags) {
        try {
            return (int) (long) ACCEPT4.invokeExact(state(), (long) fd, at(address), at(length), (long) flags);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(address);
            reachabilityFence(length);
        }
    }

    @Override
    public int shutdown(int fd, int how) {
        try {
            return (int) (long) SHUTDOWN.invokeExact(state(), (long) fd, (long) how);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public long sendmsg(int fd, ByteBuffer message, int flags) {
        try {
            return (long) SENDMSG.invokeExact(state(), (long) fd, at(message), (long) flags);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(message);
        }
    }

    @Override
    public long recvmsg(int fd, ByteBuffer message, int flags) {
        try {
            return (long) RECVMSG.invokeExact(state(), (long) fd, at(message), (long) flags);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(message);
        }
    }

    @Override
    public long send(int fd, ByteBuffer data, long length, int flags) {
        try {
            return (long) SEND.invokeExact(state(), (long) fd, at(data), length, (long) flags);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(data);
        }
    }

    @Override
    public long recv(int fd, ByteBuffer data, long length, int flags) {
        try {
            return (long) RECV.invokeExact(state(), (long) fd, at(data), length, (long) flags);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(data);
        }
    }

    @Override
    public long recvfrom(int fd, ByteBuffer data, long length, int flags, ByteBuffer address, ByteBuffer addressLength) {
        try {
            return (long) RECVFROM.invokeExact(state(), (long) fd, at(data), length, (long) flags, at(address), at(addressLength));
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(data);
            reachabilityFence(address);
            reachabilityFence(addressLength);
        }
    }

    @Override
    public int getsockname(int fd, ByteBuffer address, ByteBuffer length) {
        try {
            return (int) (long) GETSOCKNAME.invokeExact(state(), (long) fd, at(address), at(length));
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(address);
            reachabilityFence(length);
        }
    }

    @Override
    public int getsockopt(int fd, int level, int name, ByteBuffer value, ByteBuffer length) {
        try {
            return (int) (long) GETSOCKOPT.invokeExact(state(), (long) fd, (long) level, (long) name, at(value), at(length));
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(value);
            reachabilityFence(length);
        }
    }

    @Override
    public int setsockopt(int fd, int level, int name, ByteBuffer value, int length) {
        try {
            return (int) (long) SETSOCKOPT.invokeExact(state(), (long) fd, (long) level, (long) name, at(value), (long) length);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(value);
        }
    }

    @Override
    public int poll(ByteBuffer fds, long count, int timeoutMillis) {
        try {
            return (int) (long) POLL.invokeExact(state(), at(fds), count, (long) timeoutMillis);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(fds);
        }
    }

    @Override
    public long syscall(long number, long first, long second) {
        try {
            return (long) SYSCALL.invokeExact(state(), number, first, second, 0L);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int clock_gettime(int clock, ByteBuffer time) {
        try {
            return (int) (long) CLOCK_GETTIME.invokeExact(state(), (long) clock, at(time));
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(time);
        }
    }

    @Override
    public long mmap(@Nullable ByteBuffer address, long length, int protection, int flags, int fd, long offset) {
        try {
            return (long) MMAP.invokeExact(state(), at(address), length, (long) protection, (long) flags, (long) fd, offset);
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            reachabilityFence(address);
        }
    }

    @Override
    public int munmap(long address, long length) {
        try {
            return (int) (long) MUNMAP.invokeExact(state(), address, length);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Where the linker puts errno: what every handle takes first. */
    private static Object state() {
        return ROOM.get().errnoSegment;
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

    /** C throws nothing: what arrives here is the JVM's, such as an OutOfMemoryError. */
    private static Error unexpected(Throwable e) {
        if (e instanceof RuntimeException exception) {
            throw exception;
        }
        return e instanceof Error error ? error : new AssertionError(e);
    }
}

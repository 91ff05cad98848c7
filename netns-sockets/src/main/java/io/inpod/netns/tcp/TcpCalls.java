package io.inpod.netns.tcp;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.InetSockaddr;
import io.inpod.netns.internal.Native;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** The system calls of TCP sockets. What fails throws the exceptions of Netty's channels. */
final class TcpCalls {
    static final int SOL_SOCKET = 1;
    static final int SO_ERROR = 4; // asm-generic/socket.h
    static final int SO_LINGER = 13;
    private static final int LINGER_BYTES = 8;
    private static final int SHUT_WR = 1;
    private static final int EINPROGRESS = 115;
    /** Enough for an address and for struct tcp_info. */
    private static final int MOST = 512;

    /** Memory for an address or an option, and its length; one per thread, because it is used for every connection. */
    private static final ThreadLocal<Room> ROOM = ThreadLocal.withInitial(Room::new);

    private static final class Room {
        final ByteBuffer value = Native.buffer(MOST);
        final ByteBuffer length = Native.buffer(4);
    }

    private TcpCalls() {}

    /** Loads this class, which must not happen in a foreign namespace. */
    static void load() {}

    /** A new socket of the calling thread's namespace. */
    static int socket(boolean v4) {
        return Native.LIBC.socket(v4 ? Constants.AF_INET : Constants.AF_INET6,
                Constants.SOCK_STREAM | Constants.SOCK_NONBLOCK | Constants.SOCK_CLOEXEC, 0);
    }

    static void bind(FileDescriptor socket, InetSocketAddress address, boolean v4) throws IOException {
        ByteBuffer value = ROOM.get().value;
        int length = InetSockaddr.write(value, 0, address, v4 ? Constants.AF_INET : Constants.AF_INET6);
        if (Native.LIBC.bind(socket.intValue(), value, length) < 0) {
            throw Errors.newIOException("bind", -Native.errno());
        }
    }

    /** Returns whether the connection is established already. */
    static boolean connect(FileDescriptor socket, InetSocketAddress address, boolean v4) throws IOException {
        ByteBuffer value = ROOM.get().value;
        int length = InetSockaddr.write(value, 0, address, v4 ? Constants.AF_INET : Constants.AF_INET6);
        if (Native.LIBC.connect(socket.intValue(), value, length) == 0) {
            return true;
        }
        int errno = Native.errno();
        return errno != EINPROGRESS && Errors.handleConnectErrno("connect", -errno);
    }

    /** Throws the error with which connecting has failed, if it has. */
    static void checkConnected(FileDescriptor socket) throws IOException {
        int error = number(socket, SOL_SOCKET, SO_ERROR);
        if (error != 0) {
            Errors.handleConnectErrno("finishConnect", -error);
        }
    }

    static InetSocketAddress localAddress(FileDescriptor socket) throws IOException {
        Room room = ROOM.get();
        room.length.putInt(0, InetSockaddr.BYTES);
        if (Native.LIBC.getsockname(socket.intValue(), room.value, room.length) < 0) {
            throw Errors.newIOException("getsockname", -Native.errno());
        }
        return InetSockaddr.read(room.value, 0);
    }

    static void shutdownOutput(FileDescriptor socket) throws IOException {
        if (Native.LIBC.shutdown(socket.intValue(), SHUT_WR) < 0) {
            Errors.ioResult("shutdown", -Native.errno());
        }
    }

    /** Sets SO_LINGER; a negative number switches it off. */
    static void linger(FileDescriptor socket, int seconds) throws IOException {
        ByteBuffer value = ROOM.get().value;
        value.putInt(0, seconds < 0 ? 0 : 1).putInt(4, Math.max(0, seconds));
        set(socket, SOL_SOCKET, SO_LINGER, value, LINGER_BYTES);
    }

    /** Returns SO_LINGER; -1 if it is off. */
    static int linger(FileDescriptor socket) throws IOException {
        ByteBuffer value = ROOM.get().value;
        get(socket, SOL_SOCKET, SO_LINGER, value, LINGER_BYTES);
        return value.getInt(0) == 0 ? -1 : value.getInt(4);
    }

    static void number(FileDescriptor socket, int level, int name, int number) throws IOException {
        set(socket, level, name, ROOM.get().value.putInt(0, number), Integer.BYTES);
    }

    static int number(FileDescriptor socket, int level, int name) throws IOException {
        ByteBuffer value = ROOM.get().value.putInt(0, 0);
        get(socket, level, name, value, Integer.BYTES);
        return value.getInt(0);
    }

    static void bytes(FileDescriptor socket, int level, int name, ByteBuffer bytes) throws IOException {
        set(socket, level, name, ROOM.get().value.clear().put(bytes.duplicate()).clear(), bytes.remaining());
    }

    /** Returns at most so many bytes as the kernel has for the option. */
    static ByteBuffer bytes(FileDescriptor socket, int level, int name, int most) throws IOException {
        ByteBuffer value = ROOM.get().value;
        byte[] bytes = new byte[get(socket, level, name, value, Math.min(MOST, most))];
        value.get(0, bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static void set(FileDescriptor socket, int level, int name, ByteBuffer value, int length) throws IOException {
        if (Native.LIBC.setsockopt(socket.intValue(), level, name, value, length) < 0) {
            throw Errors.newIOException("setsockopt", -Native.errno());
        }
    }

    /** Returns how many bytes the kernel has written. */
    private static int get(FileDescriptor socket, int level, int name, ByteBuffer value, int length) throws IOException {
        ByteBuffer room = ROOM.get().length.putInt(0, length);
        if (Native.LIBC.getsockopt(socket.intValue(), level, name, value, room) < 0) {
            throw Errors.newIOException("getsockopt", -Native.errno());
        }
        return room.getInt(0);
    }
}

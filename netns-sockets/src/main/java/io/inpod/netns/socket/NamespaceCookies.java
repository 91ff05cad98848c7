package io.inpod.netns.socket;

import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketNumbers;
import io.netty.channel.unix.FileDescriptor;
import java.nio.ByteBuffer;

/**
 * Tells sockets of different network namespaces apart, without entering a namespace or opening a file: SO_NETNS_COOKIE, since Linux 5.14.
 * Each instance has its own buffers, and may be used by one thread at a time.
 */
public final class NamespaceCookies {
    private static final int COOKIE_BYTES = 8;

    private final ByteBuffer cookie = Native.buffer(COOKIE_BYTES);
    private final ByteBuffer length = Native.buffer(4);

    /** Allocates the buffers. */
    public NamespaceCookies() {}

    /**
     * Returns a number that the kernel gives to a socket's namespace once and to no other until the next boot.
     *
     * @param socket an open socket of any family
     * @return the cookie; 0 if the kernel has none, or if this isn't a socket
     */
    public long of(FileDescriptor socket) {
        return of(socket.intValue());
    }

    /**
     * Returns the same for a bare descriptor.
     *
     * @param socket a descriptor that stays open meanwhile
     * @return see {@link #of(FileDescriptor)}
     */
    public long of(int socket) {
        length.putInt(0, COOKIE_BYTES);
        int failed = Native.LIBC.getsockopt(socket, SocketNumbers.SOL_SOCKET, SocketNumbers.SO_NETNS_COOKIE, cookie, length);
        return failed < 0 ? 0 : cookie.getLong(0);
    }
}

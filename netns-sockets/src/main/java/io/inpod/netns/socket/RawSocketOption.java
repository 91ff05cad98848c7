package io.inpod.netns.socket;

import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketNumbers;
import java.io.IOException;
import java.nio.ByteBuffer;

/** setsockopt(2) and getsockopt(2) on a bare descriptor. */
final class RawSocketOption {
    private RawSocketOption() {}

    /**
     * Sets an option to the bytes of a direct buffer, from 0 to its limit.
     *
     * @param name the name of the option; like the value, it is for the error message only
     */
    static void set(int fd, int level, int number, ByteBuffer bytes, String name, Object value, Object subject) throws IOException {
        if (Native.LIBC.setsockopt(fd, level, number, bytes, bytes.limit()) < 0) {
            throw Native.failure("setsockopt(" + name + ", " + value + ")", subject);
        }
    }

    /** Reads an option into a direct buffer, and sets the buffer's limit to the length of the value. */
    static ByteBuffer get(int fd, int level, int number, ByteBuffer value, String what, Object subject) throws IOException {
        ByteBuffer length = Native.buffer(4).putInt(0, value.limit());
        Native.check(Native.LIBC.getsockopt(fd, level, number, value, length), "getsockopt(" + what + ")", subject);
        return value.limit(length.getInt(0));
    }

    /** Returns the address family of a socket, such as AF_INET. */
    static int domain(int fd, Object subject) throws IOException {
        return get(fd, SocketNumbers.SOL_SOCKET, SocketNumbers.SO_DOMAIN, Native.buffer(4), "SO_DOMAIN", subject).getInt(0);
    }
}

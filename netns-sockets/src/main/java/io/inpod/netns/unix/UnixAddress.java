package io.inpod.netns.unix;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketStructs.SockaddrUn;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** struct sockaddr_un: the family (2 bytes), then a path of at most 107 bytes and a zero. */
final class UnixAddress {
    /** Length of the struct, in bytes. */
    static final int BYTES = SockaddrUn.STRUCT.size();

    private static final int PATH_BYTES = 107;

    private UnixAddress() {}

    /** Returns the address of a path. */
    static ByteBuffer of(Path path) throws IOException {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > PATH_BYTES) {
            throw new IOException("the path of a unix socket must have 1 to " + PATH_BYTES + " bytes, not " + bytes.length + ": " + path);
        }
        ByteBuffer address = Native.buffer(BYTES);
        SockaddrUn.FAMILY.put(address, 0, Constants.AF_UNIX);
        return address.put(SockaddrUn.FAMILY.size(), bytes);
    }
}

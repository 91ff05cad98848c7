package io.inpod.netns.unix;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketStructs.SockaddrUn;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * struct sockaddr_un: the family (2 bytes), then a path of at most 107 bytes and a zero; or a zero and a name of at most 107 bytes, which
 * the length of the address ends.
 *
 * @param memory the struct
 * @param length how many of its bytes are the address
 */
record UnixAddress(ByteBuffer memory, int length) {
    private static final int MOST_BYTES = 107;
    private static final String ABSTRACT = "@";

    /** Returns the address of a path, or the abstract address of a text that begins with {@code @}. */
    static UnixAddress of(Path path) throws IOException {
        boolean isAbstract = isAbstract(path);
        byte[] bytes = path.toString().substring(isAbstract ? 1 : 0).getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > MOST_BYTES) {
            throw new IOException((isAbstract ? "the name of an abstract unix socket, after the @," : "the path of a unix socket")
                    + " must have 1 to " + MOST_BYTES + " bytes, not " + bytes.length + ": " + path);
        }
        ByteBuffer memory = Native.buffer(SockaddrUn.STRUCT.size());
        SockaddrUn.FAMILY.put(memory, 0, Constants.AF_UNIX);
        int begin = SockaddrUn.FAMILY.size() + (isAbstract ? 1 : 0);
        memory.put(begin, bytes);
        return new UnixAddress(memory, isAbstract ? begin + bytes.length : memory.capacity());
    }

    /** Returns whether a path stands for a name without a file, as ss(8) and /proc/net/unix write it. */
    static boolean isAbstract(Path path) {
        return path.toString().startsWith(ABSTRACT);
    }
}

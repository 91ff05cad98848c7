package io.inpod.netns.internal;

import io.inpod.netns.OwnedFd;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A struct msghdr with one iovec and room for descriptors, for sendmsg(2) and recvmsg(2); the layout of 64-bit Linux.
 *
 * <pre>
 * offset 0  name pointer   8  name length   16  iovec pointer   24  iovec count   32  control pointer   40  control length   48  flags
 * iovec:    base pointer, length           cmsghdr: length (8), level (4), type (4), data
 * </pre>
 */
public final class MessageHeader {
    private static final int HEADER_BYTES = 56;
    private static final int IOVEC = HEADER_BYTES;
    private static final int CONTROL = IOVEC + 16;
    private static final int CMSG_HEADER = 16;

    private final ByteBuffer data;
    private final ByteBuffer memory;
    private final int controlBytes;

    /** Describes data (direct, from position to limit) and as many descriptors. */
    public MessageHeader(ByteBuffer data, int descriptors) {
        this.data = data;
        this.controlBytes = descriptors == 0 ? 0 : CMSG_HEADER + ((descriptors * 4 + 7) & ~7);
        this.memory = Native.buffer(CONTROL + controlBytes);
        long base = Native.address(memory);
        memory.putLong(16, base + IOVEC).putLong(24, 1);
        memory.putLong(IOVEC, Native.address(data) + data.position()).putLong(IOVEC + 8, data.remaining());
        if (descriptors > 0) {
            memory.putLong(32, base + CONTROL).putLong(40, CMSG_HEADER + descriptors * 4L); // unpadded: the kernel would fill the padding
        }
    }

    /** The header for the call. */
    public ByteBuffer memory() {
        return memory;
    }

    /** Whatever must stay reachable while the kernel uses the header. */
    public ByteBuffer data() {
        return data;
    }

    /** Puts the descriptors to be sent. */
    public void descriptors(int[] fds) {
        memory.putLong(40, CMSG_HEADER + fds.length * 4L);
        memory.putLong(CONTROL, CMSG_HEADER + fds.length * 4L).putInt(CONTROL + 8, Constants.SOL_SOCKET).putInt(CONTROL + 12, Constants.SCM_RIGHTS);
        for (int i = 0; i < fds.length; i++) {
            memory.putInt(CONTROL + CMSG_HEADER + i * 4, fds[i]);
        }
    }

    /** What the kernel said about what was received, MSG_TRUNC and the like. */
    public int flags() {
        return memory.getInt(48);
    }

    /** Takes over the descriptors that were received, even where some were cut off. */
    public List<OwnedFd> received() {
        long length = Math.max(0, Math.min(memory.getLong(40), controlBytes));
        return numbers(memory.slice(CONTROL, (int) length).order(memory.order())).stream().map(OwnedFd::adopt).toList();
    }

    /** The descriptors' numbers in control data, which may be anything; see cmsg(3). */
    static List<Integer> numbers(ByteBuffer control) {
        List<Integer> found = new ArrayList<>();
        long at = 0;
        while (at + CMSG_HEADER <= control.limit()) {
            int begin = (int) at;
            long length = control.getLong(begin);
            if (length < CMSG_HEADER || length > Integer.MAX_VALUE) {
                break;
            }
            if (control.getInt(begin + 8) == Constants.SOL_SOCKET && control.getInt(begin + 12) == Constants.SCM_RIGHTS) {
                for (int fd = begin + CMSG_HEADER; fd + 4 <= Math.min(at + length, control.limit()); fd += 4) {
                    if (control.getInt(fd) >= 0) {
                        found.add(control.getInt(fd));
                    }
                }
            }
            at += (length + 7) & ~7L;
        }
        return found;
    }
}

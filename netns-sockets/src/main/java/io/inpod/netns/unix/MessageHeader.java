package io.inpod.netns.unix;

import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketStructs.Cmsghdr;
import io.inpod.netns.internal.SocketStructs.Iovec;
import io.inpod.netns.internal.SocketStructs.Msghdr;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory for one sendmsg(2) or recvmsg(2) after another: a struct msghdr, its one struct iovec, room for descriptors, and room for
 * data, one behind the other. For one call at a time.
 */
final class MessageHeader {
    private static final int VECTOR = Msghdr.STRUCT.size();
    private static final int CONTROL = VECTOR + Iovec.STRUCT.size();
    private static final int CMSG_HEADER = Cmsghdr.STRUCT.size();

    private final int descriptorRoom;
    private final int dataRoom;
    private final int data;
    private final ByteBuffer memory;
    private final long address;

    /** Makes room for bytes and descriptors. */
    MessageHeader(int bytes, int descriptors) {
        this.descriptorRoom = descriptors;
        this.dataRoom = bytes;
        this.data = CONTROL + align(controlBytes(descriptors));
        this.memory = Native.buffer(Math.addExact(data, bytes));
        this.address = Native.address(memory);
        Msghdr.VECTOR.put(memory, 0, address + VECTOR);
        Msghdr.VECTOR_LENGTH.put(memory, 0, 1);
        Iovec.BASE.put(memory, VECTOR, address + data);
    }

    /** Whether there is room for so many bytes and descriptors. */
    boolean holds(int bytes, int descriptors) {
        return bytes <= dataRoom && descriptors <= descriptorRoom;
    }

    /** How much memory it takes, in bytes. */
    int size() {
        return memory.capacity();
    }

    /** The header for the call; whoever makes it keeps this object reachable meanwhile. */
    ByteBuffer memory() {
        return memory;
    }

    /** Puts what is to be sent: bytes from position to limit, which stay as they are, and descriptors. */
    void send(ByteBuffer bytes, int[] descriptors) {
        memory.put(data, bytes, bytes.position(), bytes.remaining());
        prepare(bytes.remaining(), descriptors.length);
        if (descriptors.length > 0) {
            Cmsghdr.LENGTH.put(memory, CONTROL, controlBytes(descriptors.length));
            Cmsghdr.LEVEL.put(memory, CONTROL, Constants.SOL_SOCKET);
            Cmsghdr.TYPE.put(memory, CONTROL, Constants.SCM_RIGHTS);
            for (int i = 0; i < descriptors.length; i++) {
                memory.putInt(CONTROL + CMSG_HEADER + i * Integer.BYTES, descriptors[i]);
            }
        }
    }

    /** Makes ready for receiving at most so many bytes and descriptors. */
    void receive(int bytes, int descriptors) {
        prepare(bytes, descriptors);
    }

    private void prepare(int bytes, int descriptors) {
        Iovec.LENGTH.put(memory, VECTOR, bytes);
        Msghdr.CONTROL.put(memory, 0, descriptors == 0 ? 0 : address + CONTROL);
        Msghdr.CONTROL_LENGTH.put(memory, 0, controlBytes(descriptors)); // without padding, into which the kernel would put one more
        Msghdr.FLAGS.put(memory, 0, 0);
    }

    /** What the kernel said about what was received, MSG_TRUNC and the like. */
    int flags() {
        return Msghdr.FLAGS.get(memory, 0);
    }

    /** A copy of the bytes that were received. */
    ByteBuffer copy(int bytes) {
        byte[] copy = new byte[bytes];
        memory.get(data, copy);
        return ByteBuffer.wrap(copy);
    }

    /** Takes over the descriptors that were received, even where some were cut off. */
    List<OwnedFd> received() {
        long length = Math.max(0, Math.min(Msghdr.CONTROL_LENGTH.getLong(memory, 0), controlBytes(descriptorRoom)));
        List<OwnedFd> received = new ArrayList<>(1);
        for (int number : numbers(memory, CONTROL, CONTROL + (int) length)) {
            received.add(OwnedFd.adopt(number));
        }
        return received;
    }

    /** The descriptors' numbers in control data between two indexes, which may be anything; see cmsg(3). */
    static List<Integer> numbers(ByteBuffer memory, int from, int to) {
        List<Integer> found = new ArrayList<>(1);
        long at = from;
        while (at + CMSG_HEADER <= to) {
            int begin = (int) at;
            long length = Cmsghdr.LENGTH.getLong(memory, begin);
            if (length < CMSG_HEADER || length > Integer.MAX_VALUE) {
                break;
            }
            if (Cmsghdr.LEVEL.get(memory, begin) == Constants.SOL_SOCKET && Cmsghdr.TYPE.get(memory, begin) == Constants.SCM_RIGHTS) {
                for (int fd = begin + CMSG_HEADER; fd + Integer.BYTES <= Math.min(at + length, to); fd += Integer.BYTES) {
                    if (memory.getInt(fd) >= 0) {
                        found.add(memory.getInt(fd));
                    }
                }
            }
            at += align(length);
        }
        return found;
    }

    private static int controlBytes(int descriptors) {
        return descriptors == 0 ? 0 : CMSG_HEADER + descriptors * Integer.BYTES;
    }

    /** CMSG_ALIGN of 64-bit Linux. */
    private static long align(long length) {
        return (length + 7) & ~7L;
    }

    private static int align(int length) {
        return (int) align((long) length);
    }
}

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
 * Reusable memory for sendmsg(2) and recvmsg(2): a struct msghdr, its single struct iovec, space for descriptors, and space for data, one
 * after the other. For one call at a time.
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

    /** Allocates space for this many bytes and descriptors. */
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

    /** Whether there is space for this many bytes and descriptors. */
    boolean holds(int bytes, int descriptors) {
        return bytes <= dataRoom && descriptors <= descriptorRoom;
    }

    /** The amount of memory, in bytes. */
    int size() {
        return memory.capacity();
    }

    /** The header for the call. The caller must keep this object reachable meanwhile. */
    ByteBuffer memory() {
        return memory;
    }

    /** Prepares for sending: copies the bytes from position to limit, and the descriptors' numbers. */
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

    /** Prepares for receiving at most this many bytes and descriptors. */
    void receive(int bytes, int descriptors) {
        prepare(bytes, descriptors);
    }

    private void prepare(int bytes, int descriptors) {
        Iovec.LENGTH.put(memory, VECTOR, bytes);
        Msghdr.CONTROL.put(memory, 0, descriptors == 0 ? 0 : address + CONTROL);
        // without padding: the kernel would put one more descriptor into it
        Msghdr.CONTROL_LENGTH.put(memory, 0, controlBytes(descriptors));
        Msghdr.FLAGS.put(memory, 0, 0);
    }

    /** The flags of the received message, such as MSG_TRUNC. */
    int flags() {
        return Msghdr.FLAGS.get(memory, 0);
    }

    /** Returns a copy of the received bytes. */
    ByteBuffer copy(int bytes) {
        byte[] copy = new byte[bytes];
        memory.get(data, copy);
        return ByteBuffer.wrap(copy);
    }

    /** Takes ownership of the received descriptors, even if some were cut off. */
    List<OwnedFd> received() {
        long length = Math.max(0, Math.min(Msghdr.CONTROL_LENGTH.getLong(memory, 0), controlBytes(descriptorRoom)));
        List<OwnedFd> received = new ArrayList<>(1);
        for (int number : numbers(memory, CONTROL, CONTROL + (int) length)) {
            received.add(OwnedFd.adopt(number));
        }
        return received;
    }

    /** Returns the descriptors' numbers in the control data between two indexes, which may contain anything; see cmsg(3). */
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

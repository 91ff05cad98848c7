package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.MessageHeader;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.Poll;
import io.inpod.netns.internal.UnixAddress;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What connected unix sockets of all types share: bytes with SCM_RIGHTS, credentials, and closing. */
final class UnixConnection implements AutoCloseable {
    private static final int EINTR = 4;
    private static final int MAX_DESCRIPTORS = 253; // SCM_MAX_FD

    private final OwnedFd fd;
    private final Path path;

    UnixConnection(OwnedFd fd, Path path) {
        this.fd = fd;
        this.path = path;
    }

    static OwnedFd socket(int type, Path path) throws IOException {
        int number = Native.LIBC.socket(Constants.AF_UNIX, type | Constants.SOCK_CLOEXEC, 0);
        return OwnedFd.adopt(Native.check(number, "socket(AF_UNIX)", path));
    }

    static UnixConnection connect(int type, Path path) throws IOException {
        ByteBuffer address = UnixAddress.of(path);
        OwnedFd fd = socket(type, path);
        int number = fd.acquire();
        try {
            Native.check(Native.LIBC.connect(number, address, UnixAddress.BYTES), "connect", path);
            return new UnixConnection(fd, path);
        } catch (IOException e) {
            fd.close();
            throw e;
        } finally {
            fd.release();
        }
    }

    /** Sends bytes, and descriptors with the first of them; returns how many bytes the kernel took, at least 1. */
    int send(ByteBuffer bytes, OwnedFd... descriptors) throws IOException {
        if (!bytes.hasRemaining()) {
            throw new IllegalArgumentException("an empty message would look like the end of the connection");
        }
        if (descriptors.length > MAX_DESCRIPTORS) {
            throw new IllegalArgumentException("at most " + MAX_DESCRIPTORS + " descriptors, not " + descriptors.length);
        }
        ByteBuffer direct = Native.buffer(bytes.remaining()).put(bytes.duplicate()).flip();
        MessageHeader header = new MessageHeader(direct, descriptors.length);
        int number = fd.acquire();
        int acquired = 0;
        try {
            int[] numbers = new int[descriptors.length];
            for (; acquired < numbers.length; acquired++) {
                numbers[acquired] = descriptors[acquired].acquire();
            }
            if (numbers.length > 0) {
                header.descriptors(numbers);
            }
            long sent;
            do {
                sent = Native.LIBC.sendmsg(number, header.memory(), Constants.MSG_NOSIGNAL);
            } while (sent < 0 && Native.errno() == EINTR);
            return Native.check((int) sent, "sendmsg", this);
        } finally {
            for (int i = 0; i < acquired; i++) {
                descriptors[i].release();
            }
            fd.release();
            Reference.reachabilityFence(header);
        }
    }

    /** Waits for bytes and what comes with them; null for the end of the connection. */
    @Nullable Packet receive(int maxBytes, int maxDescriptors, Duration timeout) throws IOException {
        if (maxBytes < 1 || maxDescriptors < 0 || maxDescriptors > MAX_DESCRIPTORS) {
            throw new IllegalArgumentException("room for at least 1 byte and for 0 to " + MAX_DESCRIPTORS + " descriptors, not for "
                    + maxBytes + " and " + maxDescriptors);
        }
        ByteBuffer data = Native.buffer(maxBytes);
        MessageHeader header = new MessageHeader(data, maxDescriptors);
        int number = fd.acquire();
        long received;
        try {
            do {
                Poll.readable(number, timeout, this);
                received = Native.LIBC.recvmsg(number, header.memory(), Constants.MSG_CMSG_CLOEXEC);
            } while (received < 0 && Native.errno() == EINTR);
            Native.check((int) received, "recvmsg", this);
            if (fd.isClosed()) {
                header.received().forEach(OwnedFd::close);
                throw new AsynchronousCloseException();
            }
        } finally {
            fd.release();
            Reference.reachabilityFence(header);
        }
        List<OwnedFd> descriptors = header.received();
        if ((header.flags() & (Constants.MSG_TRUNC | Constants.MSG_CTRUNC)) != 0) {
            descriptors.forEach(OwnedFd::close);
            throw new TruncatedPacketException(whatWasTruncated(header.flags(), descriptors.size(), maxBytes, maxDescriptors));
        }
        return received == 0 && descriptors.isEmpty() ? null : new Packet(data.limit((int) received), descriptors);
    }

    private String whatWasTruncated(int flags, int descriptors, int maxBytes, int maxDescriptors) {
        if ((flags & Constants.MSG_TRUNC) != 0) {
            return "a message on " + this + " is longer than " + maxBytes + " bytes";
        }
        return descriptors < maxDescriptors
                ? "the file descriptors of a message on " + this + " could not be received: this process has as many files open as"
                        + " RLIMIT_NOFILE allows (ulimit -n)"
                : "a message on " + this + " came with more than " + maxDescriptors + " file descriptors";
    }

    PeerCredentials peer() throws IOException {
        ByteBuffer value = Native.buffer(12);
        int number = fd.acquire();
        try {
            Native.check(Native.LIBC.getsockopt(number, Constants.SOL_SOCKET, Constants.SO_PEERCRED, value, Native.buffer(4).putInt(0, 12)),
                    "getsockopt(SO_PEERCRED)", this);
        } finally {
            fd.release();
        }
        return new PeerCredentials(value.getInt(0), value.getInt(4), value.getInt(8));
    }

    @Override
    public void close() {
        try {
            int number = fd.acquire();
            fd.close();
            Native.LIBC.shutdown(number, Constants.SHUT_RDWR); // wakes a thread that waits in poll
            fd.release();
        } catch (ClosedChannelException e) {
            // closed before
        }
    }

    @Override
    public String toString() {
        return "unix socket " + path;
    }
}

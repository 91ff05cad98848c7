package io.inpod.netns.unix;

import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Deadline;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.Poll;
import io.inpod.netns.internal.SocketStructs.Timeval;
import io.inpod.netns.internal.SocketStructs.Ucred;
import java.io.IOException;
import java.lang.ref.Reference;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The common part of connected unix sockets of all types: bytes with SCM_RIGHTS, credentials, and closing. */
final class UnixConnection implements AutoCloseable {
    private static final int MAX_DESCRIPTORS = 253; // SCM_MAX_FD
    private static final int MAX_BYTES = 1 << 30;
    private static final int MAX_KEPT_BYTES = 64 * 1024;

    private final OwnedFd fd;
    private final Path path;

    /** The memory of the last calls, for the next ones. */
    private final AtomicReference<@Nullable MessageHeader> sending = new AtomicReference<>();

    private final AtomicReference<@Nullable MessageHeader> receiving = new AtomicReference<>();

    UnixConnection(OwnedFd fd, Path path) {
        this.fd = fd;
        this.path = path;
    }

    /** Whether a listener uses the path; doesn't wait for space in its queue. */
    static boolean isAnswered(int type, Path path) throws IOException {
        try (OwnedFd fd = socket(type | Constants.SOCK_NONBLOCK, path)) {
            int number = fd.acquire();
            try {
                UnixAddress address = UnixAddress.of(path);
                return Native.LIBC.connect(number, address.memory(), address.length()) == 0
                        || Native.errno() != Constants.ECONNREFUSED;
            } finally {
                fd.release();
            }
        }
    }

    static OwnedFd socket(int type, Path path) throws IOException {
        int number = Native.LIBC.socket(Constants.AF_UNIX, type | Constants.SOCK_CLOEXEC, 0);
        return OwnedFd.adopt(Native.check(number, "socket(AF_UNIX)", path), "unix socket " + path);
    }

    /** Waits for space in the listener's queue; indefinitely if the timeout is zero. Sending is limited in the same way. */
    static UnixConnection connect(int type, Path path, Duration timeout) throws IOException {
        UnixAddress address = UnixAddress.of(path);
        OwnedFd fd = socket(type, path);
        int number = fd.acquire();
        try {
            if (!timeout.isZero()) {
                limitWaiting(number, timeout, path);
            }
            int connected = Native.LIBC.connect(number, address.memory(), address.length());
            if (connected < 0 && Native.errno() == Constants.EAGAIN) {
                throw new SocketTimeoutException("the queue of the listener on " + path + " is full, and was not served within "
                        + timeout.toMillis() + " ms");
            }
            Native.check(connected, "connect", path);
            return new UnixConnection(fd, path);
        } catch (IOException e) {
            fd.close();
            throw e;
        } finally {
            fd.release();
        }
    }

    private static void limitWaiting(int number, Duration timeout, Path path) throws IOException {
        ByteBuffer value = Native.buffer(Timeval.STRUCT.size());
        Timeval.SECONDS.put(value, 0, timeout.toSeconds());
        Timeval.MICROSECONDS.put(value, 0, timeout.toNanosPart() / 1000);
        Native.check(Native.LIBC.setsockopt(number, Constants.SOL_SOCKET, Constants.SO_SNDTIMEO, value, value.capacity()),
                "setsockopt(SO_SNDTIMEO)", path);
    }

    /** Sends bytes, and descriptors with the first of them; returns how many bytes the kernel took, at least 1. */
    int send(ByteBuffer bytes, OwnedFd... descriptors) throws IOException {
        if (!bytes.hasRemaining()) {
            throw new IllegalArgumentException("an empty message would look like the end of the connection");
        }
        if (descriptors.length > MAX_DESCRIPTORS) {
            throw new IllegalArgumentException("at most " + MAX_DESCRIPTORS + " descriptors, not " + descriptors.length);
        }
        MessageHeader header = take(sending, bytes.remaining(), descriptors.length);
        int number = fd.acquire();
        int acquired = 0;
        try {
            int[] numbers = new int[descriptors.length];
            for (; acquired < numbers.length; acquired++) {
                numbers[acquired] = descriptors[acquired].acquire();
            }
            header.send(bytes, numbers);
            long sent;
            do {
                sent = Native.LIBC.sendmsg(number, header.memory(), Constants.MSG_NOSIGNAL);
            } while (sent < 0 && Native.errno() == Constants.EINTR);
            if (sent < 0 && Native.errno() == Constants.EAGAIN) {
                throw new SocketTimeoutException("the peer on " + this + " didn't receive what was sent before in time");
            }
            return Native.check((int) sent, "sendmsg", this);
        } finally {
            for (int i = 0; i < acquired; i++) {
                descriptors[i].release();
            }
            fd.release();
            keep(sending, header);
        }
    }

    /** Waits for bytes and their descriptors; null at the end of the connection. */
    @Nullable
    UnixMessage receive(int maxBytes, int maxDescriptors, Duration timeout) throws IOException {
        if (maxBytes < 1 || maxBytes > MAX_BYTES || maxDescriptors < 0 || maxDescriptors > MAX_DESCRIPTORS) {
            throw new IllegalArgumentException("limits of 1 to " + MAX_BYTES + " bytes and 0 to " + MAX_DESCRIPTORS + " descriptors, not "
                    + maxBytes + " and " + maxDescriptors);
        }
        MessageHeader header = take(receiving, maxBytes, maxDescriptors);
        try {
            return receive(header, maxBytes, maxDescriptors, timeout);
        } finally {
            keep(receiving, header);
        }
    }

    private @Nullable UnixMessage receive(MessageHeader header, int maxBytes, int maxDescriptors, Duration timeout) throws IOException {
        Deadline deadline = Deadline.in(timeout);
        int number = fd.acquire();
        long received;
        try {
            for (;;) {
                header.receive(maxBytes, maxDescriptors);
                received = Native.LIBC.recvmsg(number, header.memory(), Constants.MSG_CMSG_CLOEXEC | Constants.MSG_DONTWAIT);
                int errno = received < 0 ? Native.errno() : 0;
                if (fd.isClosed()) {
                    if (received >= 0) {
                        header.received().forEach(OwnedFd::close);
                    }
                    fd.requireOpen();
                }
                if (received >= 0) {
                    break;
                }
                if (errno == Constants.EAGAIN) {
                    Poll.readable(number, deadline, this);
                } else if (errno != Constants.EINTR) {
                    throw Native.failure("recvmsg", this);
                }
            }
        } finally {
            fd.release();
        }
        List<OwnedFd> descriptors = header.received();
        if ((header.flags() & (Constants.MSG_TRUNC | Constants.MSG_CTRUNC)) != 0) {
            descriptors.forEach(OwnedFd::close);
            throw new TruncatedMessageException(whatWasTruncated(header.flags(), descriptors.size(), maxBytes, maxDescriptors));
        }
        return received == 0 && descriptors.isEmpty() ? null : new UnixMessage(header.copy((int) received), descriptors);
    }

    /** Takes the memory of the last call, unless another thread has it or it is too small. */
    private static MessageHeader take(AtomicReference<@Nullable MessageHeader> last, int bytes, int descriptors) {
        MessageHeader header = last.getAndSet(null);
        return header != null && header.holds(bytes, descriptors) ? header : new MessageHeader(bytes, descriptors);
    }

    private static void keep(AtomicReference<@Nullable MessageHeader> last, MessageHeader header) {
        try {
            if (header.size() <= MAX_KEPT_BYTES) {
                last.set(header);
            }
        } finally {
            Reference.reachabilityFence(header);
        }
    }

    private String whatWasTruncated(int flags, int descriptors, int maxBytes, int maxDescriptors) {
        if ((flags & Constants.MSG_TRUNC) != 0) {
            return "a message on " + this + " is longer than " + maxBytes + " bytes";
        }
        return descriptors < maxDescriptors
                ? "the file descriptors of a message on " + this + " could not be received: this process has as many files open as"
                        + " RLIMIT_NOFILE allows (ulimit -n)"
                : "a message on " + this + " has more than " + maxDescriptors + " file descriptors";
    }

    PeerCredentials peer() throws IOException {
        ByteBuffer value = Native.buffer(Ucred.STRUCT.size());
        int number = fd.acquire();
        try {
            Native.check(
                    Native.LIBC.getsockopt(number, Constants.SOL_SOCKET, Constants.SO_PEERCRED, value,
                            Native.buffer(4).putInt(0, value.capacity())),
                    "getsockopt(SO_PEERCRED)", this);
        } finally {
            fd.release();
        }
        return new PeerCredentials(Ucred.PROCESS.get(value, 0), Ucred.USER.get(value, 0), Ucred.GROUP.get(value, 0));
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

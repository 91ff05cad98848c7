package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.NetlinkStructs.Nlmsghdr;
import io.inpod.netns.internal.SocketStructs.Pollfd;
import io.inpod.netns.internal.SocketStructs.SockaddrNl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A netlink socket. */
final class KernelTransport implements NetlinkTransport {
    /** The kernel lets no socket have less, see SOCK_MIN_SNDBUF in net/sock.h: the buffer's size matters for longer messages only. */
    private static final int LEAST_SEND_BYTES = 4608;

    // One direct buffer for all small values: an option's value, a length, a sockaddr_nl, a pollfd.
    private static final int VALUE = 0;
    private static final int LENGTH = 4;
    private static final int ADDRESS = 8;
    private static final int POLL = ADDRESS + SockaddrNl.STRUCT.size();
    private static final int SCRATCH = POLL + Pollfd.STRUCT.size();

    private final OwnedFd fd;
    private final String subject;
    private final ByteBuffer scratch;
    private final ByteBuffer sender;
    private final ByteBuffer senderLength;
    private final ByteBuffer poll;
    private final AtomicInteger waiting = new AtomicInteger();
    /** Null between an answer and the next request. It grows if a single message is longer. */
    private @Nullable ByteBuffer received;
    private int port;
    private int receiveBytes;
    private int sendBytes = LEAST_SEND_BYTES;

    private KernelTransport(OwnedFd fd, String subject, ByteBuffer scratch) {
        this.fd = fd;
        this.subject = subject;
        this.scratch = scratch;
        sender = part(scratch, ADDRESS, POLL);
        senderLength = part(scratch, LENGTH, ADDRESS);
        poll = part(scratch, POLL, SCRATCH);
    }

    private static ByteBuffer part(ByteBuffer whole, int from, int to) {
        return whole.slice(from, to - from).order(whole.order());
    }

    /** Opens a socket in a namespace, with about this many bytes of room for answers, that receives these multicast groups. */
    static KernelTransport open(NetworkNamespace namespace, int protocol, int receiveBytes, int... groups) throws IOException {
        return configure(namespace.call(() -> create(protocol)), namespace.toString(), protocol, receiveBytes, groups);
    }

    /** Opens a socket in the namespace that the calling thread is in. */
    static KernelTransport current(String namespace, int protocol, int receiveBytes) throws IOException {
        return configure(create(protocol), namespace, protocol, receiveBytes);
    }

    /** Returns a new socket, or an errno with a minus sign: the switch back would overwrite the thread's errno. */
    private static int create(int protocol) {
        int socket = Native.LIBC.socket(Constants.AF_NETLINK, Constants.SOCK_RAW | Constants.SOCK_CLOEXEC, protocol);
        return socket < 0 ? -Native.errno() : socket;
    }

    /** Makes few calls: many sockets serve one request only. */
    private static KernelTransport configure(int socket, String namespace, int protocol, int receiveBytes, int... groups)
            throws IOException {
        if (socket < 0) {
            throw Native.failure("socket(AF_NETLINK)", namespace, -socket);
        }
        OwnedFd fd = OwnedFd.adopt(socket, "the netlink socket of " + namespace);
        try {
            // Some kernels in use lack one of these: errors are terser then, and dumps less filtered.
            ByteBuffer scratch = Native.buffer(SCRATCH);
            set(scratch, socket, Constants.SOL_NETLINK, Constants.NETLINK_EXT_ACK, 1);
            set(scratch, socket, Constants.SOL_NETLINK, Constants.NETLINK_CAP_ACK, 1);
            if (protocol == NetlinkSocket.ROUTE) {
                set(scratch, socket, Constants.SOL_NETLINK, Constants.NETLINK_GET_STRICT_CHK, 1);
            }
            resize(scratch, socket, Constants.SO_RCVBUFFORCE, Constants.SO_RCVBUF, receiveBytes);
            KernelTransport opened = new KernelTransport(fd, namespace, scratch);
            if (groups.length > 0) { // otherwise the kernel binds the socket when it sends
                opened.bind(socket);
            }
            for (int group : groups) {
                Native.check(set(scratch, socket, Constants.SOL_NETLINK, Constants.NETLINK_ADD_MEMBERSHIP, group),
                        "setsockopt(NETLINK_ADD_MEMBERSHIP)", namespace);
            }
            return opened;
        } catch (IOException e) {
            fd.close();
            throw e;
        }
    }

    private void bind(int number) throws IOException {
        SockaddrNl.FAMILY.put(sender, 0, Constants.AF_NETLINK);
        Native.check(Native.LIBC.bind(number, sender, SockaddrNl.STRUCT.size()), "bind(AF_NETLINK)", subject);
    }

    private static int set(ByteBuffer scratch, int socket, int level, int option, int value) {
        return Native.LIBC.setsockopt(socket, level, option, scratch.putInt(VALUE, value), Integer.BYTES);
    }

    /** Resizes a buffer: beyond net.core.[rw]mem_max if CAP_NET_ADMIN allows that, otherwise up to it. */
    private static void resize(ByteBuffer scratch, int socket, int force, int plain, int bytes) {
        if (set(scratch, socket, Constants.SOL_SOCKET, force, bytes) < 0) {
            set(scratch, socket, Constants.SOL_SOCKET, plain, bytes);
        }
    }

    private int option(int socket, int option) throws IOException {
        senderLength.putInt(0, Integer.BYTES);
        Native.check(Native.LIBC.getsockopt(socket, Constants.SOL_SOCKET, option, scratch, senderLength), "getsockopt", subject);
        return scratch.getInt(VALUE);
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public int receiveBytes() throws IOException {
        if (receiveBytes == 0) {
            int number = fd.acquire();
            try {
                receiveBytes = option(number, Constants.SO_RCVBUF);
            } finally {
                fd.release();
            }
        }
        return receiveBytes;
    }

    @Override
    public void send(ByteBuffer messages) throws IOException {
        int number = fd.acquire();
        try {
            if (messages.remaining() > sendBytes / 2) {
                sendBytes = option(number, Constants.SO_SNDBUF);
            }
            if (messages.remaining() > sendBytes / 2) {
                resize(scratch, number, Constants.SO_SNDBUFFORCE, Constants.SO_SNDBUF, 2 * messages.remaining());
                sendBytes = option(number, Constants.SO_SNDBUF);
            }
            long sent;
            do {
                sent = Native.LIBC.send(number, messages, messages.remaining(), 0);
            } while (sent < 0 && Native.errno() == Constants.EINTR);
            Native.check((int) sent, "send(AF_NETLINK)",
                    messages.remaining() > 65536 ? messages.remaining() + " bytes to " + subject : subject);
            if (port == 0) {
                senderLength.putInt(0, SockaddrNl.STRUCT.size());
                Native.check(Native.LIBC.getsockname(number, sender, senderLength), "getsockname(AF_NETLINK)", subject);
                port = SockaddrNl.PORT.get(sender, 0);
            }
        } finally {
            fd.release();
        }
    }

    @Override
    public @Nullable ByteBuffer receive(int timeoutMillis) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        int number = fd.acquire();
        try {
            ByteBuffer received = room();
            for (;;) {
                senderLength.putInt(0, SockaddrNl.STRUCT.size());
                long length = Native.LIBC.recvfrom(
                        number, received.clear(), received.capacity(), Constants.MSG_TRUNC | Constants.MSG_DONTWAIT, sender, senderLength);
                int errno = length < 0 ? Native.errno() : 0;
                fd.requireOpen();
                if (length >= 0 && SockaddrNl.PORT.get(sender, 0) != 0) {
                    continue; // another process, not the kernel
                }
                if (length > received.capacity()) {
                    int capacity = received.capacity();
                    this.received = Native.buffer((int) Math.min(2 * length, Integer.MAX_VALUE));
                    throw new AnswerLostException("an answer of " + length + " bytes in " + subject + " was truncated to " + capacity);
                }
                if (length >= 0) {
                    return received.limit((int) length);
                }
                if (errno == Constants.ENOBUFS) {
                    throw new AnswerLostException(
                            "answers in " + subject + " were lost: they exceeded the receive buffer, " + receiveBytes() + " bytes");
                }
                if (errno == Constants.EAGAIN) {
                    if (!await(number, timeoutMillis < 0 ? -1 : Math.max(0, deadline - System.nanoTime()))) {
                        return null;
                    }
                } else if (errno != Constants.EINTR) {
                    throw Native.failure("recv(AF_NETLINK)", subject, errno);
                }
            }
        } finally {
            fd.release();
        }
    }

    private ByteBuffer room() {
        ByteBuffer room = received;
        if (room == null) {
            room = ReceiveBuffers.take();
            received = room;
        }
        return room;
    }

    @Override
    public void answered() {
        ByteBuffer unused = received;
        if (unused != null) {
            received = null;
            ReceiveBuffers.giveBack(unused);
        }
    }

    /** Waits until there is something to receive; false if the time ends first. Negative nanoseconds wait indefinitely. */
    private boolean await(int number, long nanos) throws IOException {
        waiting.incrementAndGet(); // before it checks whether the socket is closed: either close() sees this, or this sees close()
        try {
            fd.requireOpen();
            Pollfd.FD.put(poll, 0, number);
            Pollfd.EVENTS.put(poll, 0, Constants.POLLIN);
            int ready = Native.LIBC.poll(poll, 1, nanos < 0 ? -1 : (int) Math.min(Integer.MAX_VALUE, (nanos + 999_999) / 1_000_000));
            if (ready < 0 && Native.errno() != Constants.EINTR) {
                throw Native.failure("poll(AF_NETLINK)", subject);
            }
            return ready != 0;
        } finally {
            waiting.decrementAndGet();
        }
    }

    /** Closes the socket. Netlink has no shutdown(2): a waiting thread is woken by the acknowledgement of a message that does nothing. */
    @Override
    public void close() {
        try {
            int number = fd.acquire();
            fd.close();
            if (waiting.get() > 0) {
                ByteBuffer nothing = Native.buffer(Nlmsghdr.STRUCT.size());
                Nlmsghdr.LENGTH.put(nothing, 0, Nlmsghdr.STRUCT.size());
                Nlmsghdr.TYPE.put(nothing, 0, Wire.NOOP);
                Nlmsghdr.FLAGS.put(nothing, 0, Wire.ACK);
                Native.LIBC.send(number, nothing, Nlmsghdr.STRUCT.size(), Constants.MSG_DONTWAIT);
            }
            fd.release();
        } catch (ClosedChannelException e) {
            // closed before
        }
    }
}

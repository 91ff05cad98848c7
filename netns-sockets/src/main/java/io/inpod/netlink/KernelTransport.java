package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Layout;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.NetlinkStructs.Nlmsghdr;
import io.inpod.netns.internal.SocketStructs.Pollfd;
import io.inpod.netns.internal.SocketStructs.SockaddrNl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A netlink socket. */
final class KernelTransport implements Transport {
    /** The kernel writes at most 32 KiB of a list at once. A single message may be longer: then this grows. */
    private static final int RECEIVE_BYTES = 64 * 1024;

    private final OwnedFd fd;
    private final String subject;
    private final int port;
    private final int receiveBytes;
    private final ByteBuffer sender = zeroed(SockaddrNl.STRUCT);
    private final ByteBuffer senderLength = Native.buffer(4);
    private final ByteBuffer poll = zeroed(Pollfd.STRUCT);
    private ByteBuffer received = Native.buffer(RECEIVE_BYTES);
    private int sendBytes;

    private KernelTransport(OwnedFd fd, int number, String subject) throws IOException {
        this.fd = fd;
        this.subject = subject;
        ByteBuffer address = zeroed(SockaddrNl.STRUCT);
        SockaddrNl.FAMILY.put(address, 0, Constants.AF_NETLINK);
        Native.check(Native.LIBC.bind(number, address, SockaddrNl.STRUCT.size()), "bind(AF_NETLINK)", subject);
        senderLength.putInt(0, SockaddrNl.STRUCT.size());
        Native.check(Native.LIBC.getsockname(number, address, senderLength), "getsockname(AF_NETLINK)", subject);
        this.port = SockaddrNl.PORT.get(address, 0);
        this.receiveBytes = option(number, Constants.SO_RCVBUF);
        this.sendBytes = option(number, Constants.SO_SNDBUF);
    }

    /** Opens a socket of a family in a namespace, with about this much room for answers, that receives these multicast groups. */
    static KernelTransport open(NetworkNamespace namespace, int protocol, int receiveBytes, int... groups) throws IOException {
        int type = Constants.SOCK_RAW | Constants.SOCK_CLOEXEC;
        int socket = namespace.call(() -> Native.LIBC.socket(Constants.AF_NETLINK, type, protocol));
        OwnedFd fd = OwnedFd.adopt(Native.check(socket, "socket(AF_NETLINK)", namespace));
        try {
            // Each is newer than some kernel still in use: without them errors are only terser and dumps less filtered.
            for (int option : new int[] {Constants.NETLINK_EXT_ACK, Constants.NETLINK_CAP_ACK, Constants.NETLINK_GET_STRICT_CHK}) {
                set(socket, Constants.SOL_NETLINK, option, 1);
            }
            resize(socket, Constants.SO_RCVBUFFORCE, Constants.SO_RCVBUF, receiveBytes);
            KernelTransport opened = new KernelTransport(fd, socket, namespace.toString());
            for (int group : groups) {
                Native.check(set(socket, Constants.SOL_NETLINK, Constants.NETLINK_ADD_MEMBERSHIP, group), "setsockopt(NETLINK_ADD_MEMBERSHIP)", namespace);
            }
            return opened;
        } catch (IOException e) {
            fd.close();
            throw e;
        }
    }

    private static ByteBuffer zeroed(Layout struct) {
        return Native.buffer(struct.size());
    }

    private static int set(int socket, int level, int option, int value) {
        return Native.LIBC.setsockopt(socket, level, option, Native.buffer(4).putInt(0, value), 4);
    }

    /** Beyond net.core.[rw]mem_max where CAP_NET_ADMIN allows that; otherwise up to it. */
    private static void resize(int socket, int force, int plain, int bytes) {
        if (set(socket, Constants.SOL_SOCKET, force, bytes) < 0) {
            set(socket, Constants.SOL_SOCKET, plain, bytes);
        }
    }

    private int option(int socket, int option) throws IOException {
        ByteBuffer value = Native.buffer(4);
        Native.check(Native.LIBC.getsockopt(socket, Constants.SOL_SOCKET, option, value, Native.buffer(4).putInt(0, 4)), "getsockopt", subject);
        return value.getInt(0);
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public int receiveBytes() {
        return receiveBytes;
    }

    @Override
    public void send(ByteBuffer messages) throws IOException {
        int number = fd.acquire();
        try {
            if (messages.remaining() > sendBytes / 2) {
                resize(number, Constants.SO_SNDBUFFORCE, Constants.SO_SNDBUF, 2 * messages.remaining());
                sendBytes = option(number, Constants.SO_SNDBUF);
            }
            long sent;
            do {
                sent = Native.LIBC.send(number, messages, messages.remaining(), 0);
            } while (sent < 0 && Native.errno() == Constants.EINTR);
            Native.check((int) sent, "send(AF_NETLINK)", messages.remaining() > 65536 ? messages.remaining() + " bytes to " + subject : subject);
        } finally {
            fd.release();
        }
    }

    @Override
    public @Nullable ByteBuffer receive(int timeoutMillis) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        int number = fd.acquire();
        try {
            for (; ; ) {
                senderLength.putInt(0, SockaddrNl.STRUCT.size());
                long length = Native.LIBC.recvfrom(
                        number, received.clear(), received.capacity(), Constants.MSG_TRUNC | Constants.MSG_DONTWAIT, sender, senderLength);
                int errno = length < 0 ? Native.errno() : 0;
                if (fd.isClosed()) {
                    throw new AsynchronousCloseException();
                }
                if (length >= 0 && SockaddrNl.PORT.get(sender, 0) != 0) {
                    continue; // another process, not the kernel
                }
                if (length > received.capacity()) {
                    int capacity = received.capacity();
                    received = Native.buffer((int) Math.min(2 * length, Integer.MAX_VALUE));
                    throw new AnswerLostException("an answer of " + length + " bytes in " + subject + " was cut to " + capacity);
                }
                if (length >= 0) {
                    return received.limit((int) length);
                }
                if (errno == Constants.ENOBUFS) {
                    throw new AnswerLostException("answers in " + subject + " got lost: they exceeded the receive buffer, " + receiveBytes + " bytes");
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

    /** Waits until there is something to receive or the time is over, then false; negative nanoseconds mean for ever. */
    private boolean await(int number, long nanos) throws IOException {
        if (fd.isClosed()) {
            throw new AsynchronousCloseException();
        }
        Pollfd.FD.put(poll, 0, number);
        Pollfd.EVENTS.put(poll, 0, Constants.POLLIN);
        int ready = Native.LIBC.poll(poll, 1, nanos < 0 ? -1 : (int) Math.min(Integer.MAX_VALUE, (nanos + 999_999) / 1_000_000));
        if (ready < 0 && Native.errno() != Constants.EINTR) {
            throw Native.failure("poll(AF_NETLINK)", subject);
        }
        return ready != 0;
    }

    /** Closes the socket. Whatever waits is woken by the acknowledgement of a message that does nothing: netlink knows no shutdown. */
    @Override
    public void close() {
        try {
            int number = fd.acquire();
            fd.close();
            ByteBuffer nothing = zeroed(Nlmsghdr.STRUCT);
            Nlmsghdr.LENGTH.put(nothing, 0, Nlmsghdr.STRUCT.size());
            Nlmsghdr.TYPE.put(nothing, 0, Wire.NOOP);
            Nlmsghdr.FLAGS.put(nothing, 0, Wire.ACK);
            Native.LIBC.send(number, nothing, Nlmsghdr.STRUCT.size(), Constants.MSG_DONTWAIT);
            fd.release();
        } catch (ClosedChannelException e) {
            // closed before
        }
    }
}

package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.SystemCallException;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A netlink socket of one network namespace. Thread-safe: one request at a time. Requests block until the kernel has answered,
 * at most 10 seconds.
 */
public final class NetlinkSocket implements AutoCloseable {
    /** The routing family: links, addresses, routes, rules; see rtnetlink(7). */
    public static final int ROUTE = 0;

    private static final int REQUEST = 0x1;
    private static final int ACK = 0x4;
    private static final int DUMP = 0x300;
    private static final int DUMP_INTERRUPTED = 0x10;
    private static final int CAPPED = 0x100;
    private static final int ACK_TLVS = 0x200;
    private static final int TYPE_ERROR = 2;
    private static final int TYPE_DONE = 3;
    private static final int EINTR = 4;
    private static final int DUMP_ATTEMPTS = 20;
    private static final int ANSWER_MILLIS = 10_000;

    /** One answer of the kernel never exceeds this (NLMSG_GOODSIZE for dumps is 8 to 32 KiB). */
    private static final int RECEIVE_BYTES = 64 * 1024;

    private final OwnedFd fd;
    private final String namespace;
    private final ByteBuffer received = Native.buffer(RECEIVE_BYTES);
    private final ByteBuffer poll = Native.buffer(8);
    private int sequence;

    private NetlinkSocket(OwnedFd fd, String namespace) {
        this.fd = fd;
        this.namespace = namespace;
    }

    /**
     * Opens a socket.
     *
     * @param namespace whose links, routes, ... it is about; may be closed afterwards
     * @param protocol {@link #ROUTE}, or another NETLINK_ number
     * @return the socket, to be closed by the caller
     * @throws IOException if the namespace can't be entered or the socket can't be made
     */
    public static NetlinkSocket open(NetworkNamespace namespace, int protocol) throws IOException {
        int type = Constants.SOCK_RAW | Constants.SOCK_CLOEXEC;
        int socket = namespace.call(() -> Native.LIBC.socket(Constants.AF_NETLINK, type, protocol));
        OwnedFd fd = OwnedFd.adopt(Native.check(socket, "socket(AF_NETLINK)", namespace));
        try {
            ByteBuffer one = Native.buffer(4).putInt(0, 1);
            // Each is newer than some kernel still in use: without them errors are only terser and dumps less filtered.
            for (int option : new int[] {Constants.NETLINK_EXT_ACK, Constants.NETLINK_CAP_ACK, Constants.NETLINK_GET_STRICT_CHK}) {
                Native.LIBC.setsockopt(socket, Constants.SOL_NETLINK, option, one, 4);
            }
            ByteBuffer address = Native.buffer(12).putShort(0, (short) Constants.AF_NETLINK);
            Native.check(Native.LIBC.bind(socket, address, 12), "bind(AF_NETLINK)", namespace);
            return new NetlinkSocket(fd, namespace.toString());
        } catch (IOException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Sends a request and waits for the kernel's acknowledgement.
     *
     * @param request what to do
     * @throws NetlinkException if the kernel refuses it
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public synchronized void execute(NetlinkRequest request) throws IOException {
        exchange(request, REQUEST | ACK, new ArrayList<>());
    }

    /**
     * Asks for a list. A list that changed while the kernel wrote it is asked for again.
     *
     * @param request what to list
     * @return the entries, as the kernel ordered them
     * @throws NetlinkException if the kernel refuses it, or the list changed each of 20 times
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public synchronized List<NetlinkMessage> dump(NetlinkRequest request) throws IOException {
        for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
            List<NetlinkMessage> entries = new ArrayList<>();
            if (exchange(request, REQUEST | DUMP, entries)) {
                return List.copyOf(entries);
            }
        }
        throw new NetlinkException(request.operation(), subject(request), EINTR, "EINTR", "the list kept changing while the kernel wrote it");
    }

    /** Sends, then reads until the answer is complete; false if a dump was interrupted by a change. */
    private boolean exchange(NetlinkRequest request, int flags, List<NetlinkMessage> entries) throws IOException {
        int number = fd.acquire();
        try {
            int expected = ++sequence;
            ByteBuffer message = request.finish(flags, expected);
            ByteBuffer direct = Native.buffer(message.remaining()).put(message).flip();
            Native.check((int) Native.LIBC.send(number, direct, direct.remaining(), 0), "send(AF_NETLINK)", subject(request));
            boolean consistent = true;
            for (; ; ) {
                int length = receive(number, request);
                int at = 0;
                while (at + NetlinkRequest.HEADER <= length) {
                    int messageLength = received.getInt(at);
                    int type = received.getShort(at + 4) & 0xffff;
                    int messageFlags = received.getShort(at + 6) & 0xffff;
                    if (messageLength < NetlinkRequest.HEADER || at + messageLength > length) {
                        throw new IOException(request.operation() + ": the kernel's answer has a malformed length, " + messageLength);
                    }
                    if (received.getInt(at + 8) == expected) { // anything else answers an earlier request that failed half-way
                        consistent &= (messageFlags & DUMP_INTERRUPTED) == 0;
                        ByteBuffer payload = received.slice(at + NetlinkRequest.HEADER, messageLength - NetlinkRequest.HEADER).order(ByteOrder.nativeOrder());
                        if (type == TYPE_ERROR || type == TYPE_DONE) {
                            checkAnswer(request, type, messageFlags, payload);
                            return consistent;
                        }
                        ByteBuffer copy = ByteBuffer.allocate(payload.limit()).order(ByteOrder.nativeOrder());
                        entries.add(new NetlinkMessage(type, copy.put(payload).flip().asReadOnlyBuffer().order(ByteOrder.nativeOrder())));
                    }
                    at += NetlinkMessage.align(messageLength);
                }
            }
        } finally {
            fd.release();
        }
    }

    private int receive(int number, NetlinkRequest request) throws IOException {
        for (; ; ) {
            poll.putInt(0, number).putShort(4, Constants.POLLIN).putShort(6, (short) 0);
            int ready = Native.LIBC.poll(poll, 1, ANSWER_MILLIS);
            if (ready == 0) {
                throw new SocketTimeoutException(request.operation() + ": the kernel didn't answer within " + ANSWER_MILLIS + " ms");
            }
            if (ready < 0 && Native.errno() == EINTR) {
                continue;
            }
            Native.check(ready, "poll(AF_NETLINK)", subject(request));
            long length = Native.LIBC.recv(number, received.clear(), RECEIVE_BYTES, Constants.MSG_TRUNC);
            if (length < 0 && Native.errno() == EINTR) {
                continue;
            }
            Native.check((int) length, "recv(AF_NETLINK)", subject(request));
            if (length > RECEIVE_BYTES) {
                throw new IOException(request.operation() + ": the kernel's answer of " + length + " bytes was cut to " + RECEIVE_BYTES);
            }
            return (int) length;
        }
    }

    private void checkAnswer(NetlinkRequest request, int type, int flags, ByteBuffer payload) throws SystemCallException {
        int errno = payload.limit() >= 4 ? -payload.getInt(0) : 0;
        if (errno <= 0) {
            return;
        }
        SystemCallException plain = Native.failure(request.operation(), subject(request), errno);
        String explanation = extendedAck(type, flags, payload);
        String words = Native.describe(errno);
        throw new NetlinkException(
                plain.operation(), plain.subject(), errno, plain.symbol(), explanation == null ? words : words + ": \"" + explanation + "\"");
    }

    /** The kernel's own words, NLMSGERR_ATTR_MSG, see Documentation/userspace-api/netlink/intro.rst. */
    private static @Nullable String extendedAck(int type, int flags, ByteBuffer payload) {
        if ((flags & ACK_TLVS) == 0) {
            return null;
        }
        int start = 4;
        if (type == TYPE_ERROR) {
            start += (flags & CAPPED) != 0 || payload.limit() < 8 ? NetlinkRequest.HEADER : NetlinkMessage.align(payload.getInt(4));
        }
        Map<Integer, ByteBuffer> attributes = NetlinkMessage.attributes(payload, Math.min(start, payload.limit()));
        return NetlinkMessage.string(attributes.get(1));
    }

    private String subject(NetlinkRequest request) {
        return request.subject() + " in " + namespace;
    }

    /** Closes the socket; closing twice does nothing. */
    @Override
    public void close() {
        fd.close();
    }
}

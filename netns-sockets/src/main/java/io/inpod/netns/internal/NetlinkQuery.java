package io.inpod.netns.internal;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.NetlinkStructs.Nlmsgerr;
import io.inpod.netns.internal.NetlinkStructs.Nlmsghdr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/**
 * One netlink question and its one answer, see netlink(7). Here only what namespaces and capabilities need of themselves:
 * {@code io.inpod.netlink}, which stands on top of them, has the whole.
 */
public final class NetlinkQuery {
    private static final int HEADER = Nlmsghdr.STRUCT.size();
    private static final int REQUEST = 0x1;
    private static final int ACK = 0x4;
    private static final int ERROR = 2;
    private static final int ANSWER_BYTES = 8192;
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private NetlinkQuery() {}

    /** The kernel's answer: an errno, 0 for success, and what follows the header. */
    public record Answer(int errno, ByteBuffer payload) {}

    /** A socket of a namespace, to be closed by the caller. */
    public static OwnedFd open(NetworkNamespace namespace, int protocol) throws IOException {
        int type = Constants.SOCK_RAW | Constants.SOCK_CLOEXEC;
        int socket = namespace.call(() -> Native.LIBC.socket(Constants.AF_NETLINK, type, protocol));
        return OwnedFd.adopt(Native.check(socket, "socket(AF_NETLINK)", namespace));
    }

    /** Asks and waits, at most 5 seconds, for the first message of the answer. */
    public static Answer ask(int socket, int messageType, ByteBuffer body, Object subject) throws IOException {
        int length = HEADER + body.capacity();
        ByteBuffer message = Native.buffer(length).put(HEADER, body, 0, body.capacity());
        Nlmsghdr.LENGTH.put(message, 0, length);
        Nlmsghdr.TYPE.put(message, 0, messageType);
        Nlmsghdr.FLAGS.put(message, 0, REQUEST | ACK);
        Nlmsghdr.SEQUENCE.put(message, 0, 1);
        Native.check((int) Native.LIBC.send(socket, message, length, 0), "send(AF_NETLINK)", subject);
        Poll.readable(socket, LIMIT, subject);
        ByteBuffer answer = Native.buffer(ANSWER_BYTES);
        int received = Native.check((int) Native.LIBC.recv(socket, answer, ANSWER_BYTES, 0), "recv(AF_NETLINK)", subject);
        int answered = Nlmsghdr.LENGTH.get(answer, 0);
        int shortest = HEADER + Nlmsgerr.ERROR.size();
        if (received < shortest || answered < shortest || answered > received) {
            throw new IOException("the kernel's answer about " + subject + " is malformed");
        }
        ByteBuffer payload = answer.slice(HEADER, answered - HEADER).order(ByteOrder.nativeOrder());
        return new Answer(Nlmsghdr.TYPE.get(answer, 0) == ERROR ? -Nlmsgerr.ERROR.get(payload, 0) : 0, payload);
    }
}

package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.internal.NetlinkStructs.Nlmsghdr;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The notifications of some multicast groups of netlink in one namespace, see netlink(7). {@link RtnetlinkWatch} and
 * {@link io.inpod.netlink.conntrack.ConntrackWatch} make events of them.
 *
 * <p>{@link #next} may be called by one thread at a time. {@link #close} may be called by any thread, and ends a waiting {@link #next}.
 */
public final class NetlinkSubscription implements AutoCloseable {
    private static final int RECEIVE_BUFFER = 4 * 1024 * 1024;

    private final NetlinkTransport transport;

    NetlinkSubscription(NetlinkTransport transport) {
        this.transport = transport;
    }

    /**
     * Subscribes to groups.
     *
     * @param namespace the namespace; may be closed afterwards
     * @param protocol as for {@link NetlinkSocket#open}
     * @param groups the numbers of the groups, such as RTNLGRP_LINK, at least one
     * @return the subscription, to be closed by the caller
     * @throws IOException if the namespace can't be entered, or the kernel refuses: a group doesn't exist, or needs a privilege
     * @throws IllegalArgumentException if there is no group
     */
    public static NetlinkSubscription open(NetworkNamespace namespace, int protocol, int... groups) throws IOException {
        if (groups.length == 0) {
            throw new IllegalArgumentException("groups: nothing to subscribe to");
        }
        return new NetlinkSubscription(KernelTransport.open(namespace, protocol, RECEIVE_BUFFER, groups));
    }

    /**
     * Waits for notifications.
     *
     * @param timeout how long to wait, at most 24 days; zero waits indefinitely
     * @return those that arrived together; none if the kernel sent something else
     * @throws SocketTimeoutException if there is none in time
     * @throws AnswerLostException if some were lost because they arrived faster than they were read; the following ones can still be
     *     received
     * @throws io.inpod.netns.error.AlreadyClosedException if this subscription is closed, before or meanwhile
     * @throws IOException if receiving fails
     */
    public List<NetlinkMessage> next(Duration timeout) throws IOException {
        ByteBuffer datagram = transport.receive(timeout.isZero() ? -1 : (int) Math.min(Integer.MAX_VALUE, timeout.toMillis()));
        if (datagram == null) {
            throw new SocketTimeoutException("nothing changed within " + timeout.toMillis() + " ms");
        }
        List<NetlinkMessage> messages = new ArrayList<>();
        for (int at = 0; at + Nlmsghdr.STRUCT.size() <= datagram.limit();) {
            int length = Nlmsghdr.LENGTH.get(datagram, at);
            if (length < Nlmsghdr.STRUCT.size() || length > datagram.limit() - at) {
                throw new MalformedAnswerException("a notification has a malformed length, " + length);
            }
            ByteBuffer payload = ByteBuffer.allocate(length - Nlmsghdr.STRUCT.size())
                    .put(datagram.slice(at + Nlmsghdr.STRUCT.size(), length - Nlmsghdr.STRUCT.size())).flip();
            messages.add(new NetlinkMessage(Nlmsghdr.TYPE.get(datagram, at), Nlmsghdr.FLAGS.get(datagram, at),
                    payload.asReadOnlyBuffer().order(ByteOrder.nativeOrder())));
            at += Wire.align(length);
        }
        return messages;
    }

    /** Ends the subscription and a waiting {@link #next}. Closing twice does nothing. */
    @Override
    public void close() {
        transport.close();
    }
}

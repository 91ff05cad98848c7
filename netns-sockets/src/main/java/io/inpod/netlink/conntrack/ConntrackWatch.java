package io.inpod.netlink.conntrack;

import io.inpod.netlink.AnswerLostException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.NetlinkSocket;
import io.inpod.netlink.NetlinkSubscription;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Reports the flows of one namespace as they begin, change and end, as {@code conntrack --event} does. To track a state, open the watch,
 * then list the state with {@link Conntrack}, then apply the events from {@link #next}; list it again after {@link FlowEvent.Missed}. Since
 * Linux 5.19 the kernel doesn't report the end of a flow that began while nobody watched, unless {@code net.netfilter.nf_conntrack_events}
 * is 1.
 *
 * <p>{@link #next} may be called by one thread at a time. {@link #close} may be called by any thread, and ends a waiting {@link #next}.
 */
public final class ConntrackWatch implements AutoCloseable {
    /** NFNLGRP_CONNTRACK_ of linux/netfilter/nfnetlink.h: new, update, destroy. */
    private static final int[] GROUPS = {1, 2, 3};

    private final NetlinkSubscription subscription;
    private final Queue<FlowEvent> waiting = new ArrayDeque<>();

    private ConntrackWatch(NetlinkSubscription subscription) {
        this.subscription = subscription;
    }

    /**
     * Starts to watch a namespace. Needs CAP_NET_ADMIN there.
     *
     * @param namespace the namespace; may be closed afterwards
     * @return the watch, to be closed by the caller
     * @throws IOException if the namespace can't be entered, the privilege is missing, or the kernel has no netfilter netlink
     */
    public static ConntrackWatch open(NetworkNamespace namespace) throws IOException {
        return over(NetlinkSubscription.open(namespace, NetlinkSocket.NETFILTER, GROUPS));
    }

    /**
     * Uses a subscription of the caller's.
     *
     * @param subscription a subscription to groups of connection tracking, which {@link #close} closes
     * @return the watch, to be closed by the caller
     */
    public static ConntrackWatch over(NetlinkSubscription subscription) {
        return new ConntrackWatch(subscription);
    }

    /**
     * Waits for a change.
     *
     * @param timeout how long to wait, at most 24 days; zero waits indefinitely
     * @return the change
     * @throws SocketTimeoutException if there is no change in time
     * @throws io.inpod.netns.error.AlreadyClosedException if this watch is closed, before or meanwhile
     * @throws IOException if receiving fails
     */
    public FlowEvent next(Duration timeout) throws IOException {
        while (waiting.isEmpty()) {
            try {
                for (NetlinkMessage message : subscription.next(timeout)) {
                    accept(message);
                }
            } catch (AnswerLostException e) {
                return new FlowEvent.Missed(String.valueOf(e.getMessage()));
            }
        }
        return waiting.remove();
    }

    private void accept(NetlinkMessage message) throws IOException {
        if (message.type() == (FlowMessages.SUBSYSTEM << 8 | FlowMessages.NEW)) {
            Flow flow = FlowMessages.parse(message);
            waiting.add((message.flags() & NetlinkRequest.CREATE) != 0 ? new FlowEvent.Began(flow) : new FlowEvent.Changed(flow));
        } else if (message.type() == (FlowMessages.SUBSYSTEM << 8 | FlowMessages.DELETE)) {
            waiting.add(new FlowEvent.Ended(FlowMessages.parse(message)));
        }
    }

    /** Stops watching and ends a waiting {@link #next}. Closing twice does nothing. */
    @Override
    public void close() {
        subscription.close();
    }
}

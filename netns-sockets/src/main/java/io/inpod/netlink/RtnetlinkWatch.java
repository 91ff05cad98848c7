package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Queue;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reports the changes of one namespace's network configuration as they happen, see rtnetlink(7). To track a state, open the watch, then
 * list the state, then apply the events from {@link #next}; list it again after {@link NetworkEvent.Missed}.
 *
 * <p>{@link #next} may be called by one thread at a time. {@link #close} may be called by any thread, and ends a waiting {@link #next}.
 */
public final class RtnetlinkWatch implements AutoCloseable {
    /** The kinds of changes that can be reported; the numbers are multicast groups, RTNLGRP_ of linux/rtnetlink.h. */
    public enum Topic {
        /** Interfaces. */
        LINKS(1),
        /** Addresses of interfaces. */
        ADDRESSES(5, 9),
        /** Routes. */
        ROUTES(7, 11),
        /** Routing rules. */
        RULES(8, 19),
        /** Neighbours. */
        NEIGHBOURS(3);

        private final int[] groups;

        Topic(int... groups) {
            this.groups = groups;
        }
    }

    private final NetlinkSubscription subscription;
    private final Set<Topic> topics;
    private final Rtnetlink lists;
    private LinkNames names;
    private final Queue<NetworkEvent> waiting = new ArrayDeque<>();

    RtnetlinkWatch(NetlinkSubscription subscription, Set<Topic> topics, Rtnetlink lists) throws IOException {
        this.subscription = subscription;
        this.topics = topics;
        this.lists = lists;
        this.names = LinkNames.of(lists.links().list());
    }

    /**
     * Starts to watch a namespace. Needs no privilege.
     *
     * @param namespace the namespace; may be closed afterwards
     * @param topics the kinds of changes to report, at least one
     * @return the watch, to be closed by the caller
     * @throws IOException if the namespace can't be entered
     * @throws IllegalArgumentException if there is no topic
     */
    public static RtnetlinkWatch open(NetworkNamespace namespace, Set<Topic> topics) throws IOException {
        if (topics.isEmpty()) {
            throw new IllegalArgumentException("nothing to watch");
        }
        // Notifications about addresses, routes and neighbours have only the index of a link: the names are always tracked.
        Set<Topic> followed = EnumSet.copyOf(topics);
        followed.add(Topic.LINKS);
        int[] groups = followed.stream().flatMapToInt(topic -> Arrays.stream(topic.groups)).toArray();
        Rtnetlink lists = Rtnetlink.open(namespace);
        try {
            NetlinkSubscription subscription = NetlinkSubscription.open(namespace, NetlinkSocket.ROUTE, groups);
            try {
                return new RtnetlinkWatch(subscription, EnumSet.copyOf(topics), lists);
            } catch (IOException e) {
                subscription.close();
                throw e;
            }
        } catch (IOException e) {
            lists.close();
            throw e;
        }
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
    public NetworkEvent next(Duration timeout) throws IOException {
        for (;;) {
            NetworkEvent event = waiting.poll();
            if (event != null) {
                return event;
            }
            try {
                for (NetlinkMessage message : subscription.next(timeout)) {
                    event(message);
                }
            } catch (AnswerLostException e) {
                names = LinkNames.of(lists.links().list());
                return new NetworkEvent.Missed(String.valueOf(e.getMessage()));
            }
        }
    }

    private void event(NetlinkMessage message) throws IOException {
        switch (message.type()) {
            case LinkMessages.NEW, LinkMessages.DELETE -> link(message);
            case AddressMessages.NEW, AddressMessages.DELETE -> add(Topic.ADDRESSES, map(AddressMessages.parse(message, names),
                    address -> new NetworkEvent.AddressChanged(address, message.type() == AddressMessages.DELETE)));
            case RouteMessages.NEW, RouteMessages.DELETE -> add(Topic.ROUTES, map(RouteParser.parse(message, names),
                    route -> new NetworkEvent.RouteChanged(route, message.type() == RouteMessages.DELETE)));
            case RuleMessages.NEW, RuleMessages.DELETE -> add(Topic.RULES,
                    map(RuleMessages.parse(message),
                            rule -> new NetworkEvent.RuleChanged(RuleTags.without(rule), message.type() == RuleMessages.DELETE)));
            case Neighbours.NEW, Neighbours.DELETE -> add(Topic.NEIGHBOURS, map(Neighbours.parse(message, names),
                    neighbour -> new NetworkEvent.NeighbourChanged(neighbour, message.type() == Neighbours.DELETE)));
            default -> {} // the acknowledgement that wakes a closed socket, or a notification of a future kernel
        }
    }

    private void link(NetlinkMessage message) throws IOException {
        if (!LinkMessages.isPlain(message)) {
            return;
        }
        Link link = LinkMessages.parse(message);
        boolean gone = message.type() == LinkMessages.DELETE;
        if (gone) {
            names.remove(link);
        } else {
            names.put(link);
        }
        add(Topic.LINKS, new NetworkEvent.LinkChanged(link, gone));
    }

    private static <T, E> @Nullable E map(@Nullable T value, Function<T, E> function) {
        return value == null ? null : function.apply(value);
    }

    private void add(Topic topic, @Nullable NetworkEvent event) {
        if (event != null && topics.contains(topic)) {
            waiting.add(event);
        }
    }

    /** Stops watching and ends a waiting {@link #next}. Closing twice does nothing. */
    @Override
    public void close() {
        subscription.close();
        lists.close();
    }
}

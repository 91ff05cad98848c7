package io.inpod.tproxy.relay;

import io.inpod.netns.socket.NamespaceCookies;
import io.inpod.netns.tcp.EdgeTriggered;
import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * A channel of a {@link RelayIoHandler}: its events wait for the turn of its namespace.
 *
 * <p>It notices the end of input by reading. When Netty itself is told of it, it reads whatever the kernel has received. The second read
 * after the last data saves a turn of the event loop, and so the end often travels with the data.
 */
@SuppressWarnings("try") // close() may throw any exception, as Netty declares it
final class RelayIoHandle implements EpollIoHandle {
    private static final int READABLE = EpollIoOps.EPOLLIN.value();
    private static final int ENDED = EpollIoOps.EPOLLRDHUP.value();
    private static final Event READ = new Event(EpollIoOps.EPOLLIN);
    private static final int LOW = 0x1f; // EPOLLIN to EPOLLHUP
    /** Events of these and of {@link #ENDED}, so that none has to be created: each connection has many. */
    private static final Event[] COMMON = new Event[2 * (LOW + 1)];

    static {
        for (int i = 0; i < COMMON.length; i++) {
            COMMON[i] = new Event(EpollIoOps.valueOf(i & LOW | (i > LOW ? ENDED : 0)));
        }
    }

    /** An event of epoll, or a part of one. */
    private record Event(EpollIoOps ops) implements EpollIoEvent {
        static Event of(int events) {
            return (events & ~(LOW | ENDED)) == 0 ? COMMON[events & LOW | ((events & ENDED) == 0 ? 0 : LOW + 1)]
                    : new Event(EpollIoOps.valueOf(events));
        }
    }

    private final EpollIoHandle channel;
    private final NamespaceTurns turns;
    private final NamespaceTurns.Queue queue;
    private volatile boolean reads; // most often written and read on the event loop
    private @Nullable IoRegistration registration;
    private int ready;

    RelayIoHandle(EpollIoHandle channel, NamespaceTurns turns, long namespace) {
        this.channel = channel;
        this.turns = turns;
        this.queue = turns.join(namespace);
    }

    /** Asks the kernel for the namespace only if the channel doesn't know it. */
    static RelayIoHandle of(EpollIoHandle channel, NamespaceTurns turns, NamespaceCookies cookies) {
        long known = channel instanceof EdgeTriggered edge ? edge.namespaceCookie() : 0;
        return new RelayIoHandle(channel, turns, known == 0 ? cookies.of(channel.fd()) : known);
    }

    /** Whether the channel remembers events, and needs no help. */
    boolean isEdgeTriggered() {
        return channel instanceof EdgeTriggered;
    }

    /** The channel, which is edge-triggered, wants another turn to read. */
    void again() {
        queue(READABLE);
    }

    /** The socket couldn't be registered. */
    void abandon() {
        turns.leave(queue);
    }

    /** Says whether the channel wants to be read. */
    void reads(boolean wanted) {
        reads = wanted;
    }

    @Override
    public FileDescriptor fd() {
        return channel.fd();
    }

    @Override
    public void handle(IoRegistration with, IoEvent event) {
        registration = with;
        queue(((EpollIoEvent) event).ops().value()); // epoll reports a channel that waits again
    }

    private void queue(int events) {
        boolean queued = ready != 0;
        ready |= events;
        if (!queued) {
            turns.add(queue, this);
        }
    }

    /** Hands on what has become ready. */
    void serve() {
        int events = ready;
        ready = 0;
        IoRegistration with = registration;
        if (with == null || !with.isValid()) {
            return; // closed while it waited
        }
        if (isEdgeTriggered()) {
            channel.handle(with, Event.of(events));
            return;
        }
        boolean ended = (events & ENDED) != 0;
        int others = events & ~ENDED & (reads ? ~0 : ~READABLE); // it may have been read, or paused, while it waited
        if (others != 0) {
            channel.handle(with, Event.of(others));
        }
        if (ended && reads && with.isValid()) {
            channel.handle(with, READ);
        }
    }

    @Override
    public void registered() {
        channel.registered();
    }

    @Override
    public void unregistered() {
        turns.leave(queue);
        channel.unregistered();
    }

    @Override
    public void close() throws Exception {
        channel.close();
    }
}

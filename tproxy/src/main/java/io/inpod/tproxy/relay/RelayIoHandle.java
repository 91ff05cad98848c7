package io.inpod.tproxy.relay;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;

/**
 * A channel of a {@link RelayIoHandler}, which notices the end of input by reading. When Netty itself is told of it, it reads whatever the
 * kernel has received. The second read after the last data saves a turn of the event loop, and so the end often travels with the data.
 */
@SuppressWarnings("try") // close() may throw any exception, as Netty declares it
final class RelayIoHandle implements EpollIoHandle {
    /** An event of epoll, or a part of one. */
    private record Event(EpollIoOps ops) implements EpollIoEvent {
        static final Event READABLE = new Event(EpollIoOps.EPOLLIN);
    }

    private final EpollIoHandle channel;
    private volatile boolean reads; // most often written and read on the event loop

    RelayIoHandle(EpollIoHandle channel) {
        this.channel = channel;
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
    public void handle(IoRegistration registration, IoEvent event) {
        EpollIoOps ops = ((EpollIoEvent) event).ops();
        if (!ops.contains(EpollIoOps.EPOLLRDHUP)) {
            channel.handle(registration, event);
            return;
        }
        channel.handle(registration, new Event(ops.without(EpollIoOps.EPOLLRDHUP)));
        if (reads && registration.isValid()) {
            channel.handle(registration, Event.READABLE);
        }
    }

    @Override
    public void registered() {
        channel.registered();
    }

    @Override
    public void unregistered() {
        channel.unregistered();
    }

    @Override
    public void close() throws Exception {
        channel.close();
    }
}

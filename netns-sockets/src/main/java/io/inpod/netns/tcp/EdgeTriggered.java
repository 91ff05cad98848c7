package io.inpod.netns.tcp;

import io.netty.channel.epoll.EpollIoHandle;

/**
 * A channel's end of epoll that is registered once, edge-triggered: it is told of each event once, and remembers it. If it has stopped
 * before it had read everything, it submits the same interest again, and is told of what is ready (or might be) once more.
 */
@SuppressWarnings("try") // close() may throw any exception, as Netty declares it
public interface EdgeTriggered extends EpollIoHandle {
    /** {@return the number by which the kernel knows the socket's network namespace, SO_NETNS_COOKIE; 0 if it has none} */
    long namespaceCookie();
}

package io.inpod.tproxy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.socket.TrackedDestination;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;

/**
 * Where the client of an intercepted connection wanted to go.
 *
 * <p>That may be the proxy's own listener, when a client connected to it directly: a proxy must not follow it then, or it would
 * connect to itself without end.
 *
 * @param destination the destination
 * @param found how it was found out
 */
public record OriginalDestination(DestinationAddress destination, Found found) {
    /** How a destination was found out. */
    public enum Found {
        /** Connection tracking remembers it: the connection was redirected by NAT (REDIRECT or DNAT). */
        REDIRECT,
        /** It is the socket's local address: the connection came by TPROXY, or directly. */
        LOCAL_ADDRESS
    }

    /** {@return its IP address and port, canonical} */
    public InetSocketAddress address() {
        return destination.address();
    }

    /**
     * Asks the kernel; takes well under a microsecond. May be called from any thread, also before the channel is registered.
     *
     * @param accepted a connection that a listener accepted
     * @return its original destination
     * @throws ClosedChannelException if the connection is closed already
     * @throws IOException if the kernel refuses the question
     */
    public static OriginalDestination of(EpollSocketChannel accepted) throws IOException {
        DestinationAddress own = new DestinationAddress(CanonicalAddress.ofChannel(accepted.localAddress()));
        // By the family of the addresses, not of the socket: a dual-stack socket's IPv4 connections are tracked as IPv4.
        InetSocketAddress tracked = TrackedDestination.of(accepted, IpFamily.of(own.ip()));
        // Not tracked is normal with TPROXY. Without NAT the kernel answers too, with the local address.
        return tracked == null || tracked.equals(own.address())
                ? new OriginalDestination(own, Found.LOCAL_ADDRESS)
                : new OriginalDestination(new DestinationAddress(tracked), Found.REDIRECT);
    }
}

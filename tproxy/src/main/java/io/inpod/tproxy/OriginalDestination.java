package io.inpod.tproxy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.socket.TrackedDestination;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;

/**
 * The original destination of an intercepted connection: the address to which the client connected.
 *
 * <p>If the client connected to the proxy directly, this is the proxy's own listener. The proxy must not connect to it then, or it would
 * connect to itself endlessly.
 *
 * @param destination the destination
 * @param found how it was determined
 */
public record OriginalDestination(DestinationAddress destination, Found found) {
    /** How a destination was determined. */
    public enum Found {
        /** From connection tracking: the connection was redirected by NAT (REDIRECT or DNAT). */
        REDIRECT,
        /** From the socket's local address: the connection arrived through TPROXY, or directly. */
        LOCAL_ADDRESS
    }

    /** {@return its IP address and port, canonical} */
    public InetSocketAddress address() {
        return destination.address();
    }

    /**
     * Returns the original destination of a connection. Asks the kernel, which takes well under a microsecond. May be called from any
     * thread, also before the channel is registered.
     *
     * @param accepted a connection that a listener accepted
     * @return its original destination
     * @throws ClosedChannelException if the connection is already closed
     * @throws IOException if the kernel's answer is an error
     */
    public static OriginalDestination of(SocketChannel accepted) throws IOException {
        DestinationAddress own = new DestinationAddress(CanonicalAddress.ofChannel(accepted.localAddress()));
        // The family is that of the addresses, not of the socket: a dual-stack socket's IPv4 connections are tracked as IPv4.
        InetSocketAddress tracked = TrackedDestination.of(accepted, IpFamily.of(own.ip()));
        // With TPROXY connections are usually not tracked. If they are, but without NAT, the kernel returns the local address.
        return tracked == null || tracked.equals(own.address())
                ? new OriginalDestination(own, Found.LOCAL_ADDRESS)
                : new OriginalDestination(new DestinationAddress(tracked), Found.REDIRECT);
    }
}

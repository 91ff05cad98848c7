package io.inpod.examples.ztunnel.proxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/** A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d; everything here works with the IPv4 form. */
final class Addresses {
    private Addresses() {}

    static InetSocketAddress canonical(@Nullable SocketAddress address) throws ClosedChannelException {
        if (!(address instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            throw new ClosedChannelException(); // a channel that has ended doesn't know its address any more
        }
        try {
            // The JDK's factory makes IPv4 addresses of mapped ones, and strips the scope, which isn't part of who it is.
            return new InetSocketAddress(InetAddress.getByAddress(inet.getAddress().getAddress()), inet.getPort());
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}

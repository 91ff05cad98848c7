package io.inpod.tproxy;

import io.inpod.netns.NetworkNamespace;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.concurrent.Future;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Connects from a network namespace to servers, with or without the client's address as the source ("spoofed").
 *
 * <p>Answers to a spoofed connection only come back if the namespace routes them to itself, see {@link PolicyRouting}; otherwise
 * connecting times out.
 *
 * <p>The source ports of spoofed connections are chosen here, from a range that the namespace must not use for anything else,
 * especially not as {@code net.ipv4.ip_local_port_range}. A port that the kernel chose could be the one that the client itself
 * has: then the redirected connection and the spoofed one are the same to connection tracking, and one of them dies.
 *
 * <p>Thread-safe. A spoofed connection needs CAP_NET_ADMIN or CAP_NET_RAW in the user namespace that owns the network namespace.
 */
public final class UpstreamConnector {
    private final NetworkNamespace namespace;
    private final ProxySocketOptions options;
    private final SpoofPolicy policy;
    private final PortRange ports;
    private final AtomicInteger nextPort;

    /**
     * Connects with source ports of {@link PortRange#DEFAULT}.
     *
     * @param namespace where connections start; must stay open as long as the connector is used
     * @param options of the connections; transparent and freebind are added for spoofed ones
     * @param policy what to do about the client's address
     */
    public UpstreamConnector(NetworkNamespace namespace, ProxySocketOptions options, SpoofPolicy policy) {
        this(namespace, options, policy, PortRange.DEFAULT);
    }

    /**
     * Connects with source ports of a given range.
     *
     * @param namespace where connections start; must stay open as long as the connector is used
     * @param options of the connections; transparent and freebind are added for spoofed ones
     * @param policy what to do about the client's address
     * @param ports source ports of spoofed connections, outside of the namespace's {@code ip_local_port_range}
     */
    public UpstreamConnector(NetworkNamespace namespace, ProxySocketOptions options, SpoofPolicy policy, PortRange ports) {
        this.namespace = namespace;
        this.options = options;
        this.policy = policy;
        this.ports = ports;
        // Somewhere: a proxy that restarts shouldn't begin with the ports that its predecessor used last.
        this.nextPort = new AtomicInteger(ThreadLocalRandom.current().nextInt(ports.size()));
    }

    /**
     * Connects from an own address.
     *
     * @param loop the event loop of the connection
     * @param destination where to, resolved
     * @param handler added to the pipeline as soon as the connection is established and before anything is read. Automatic reading
     *     is off and stays off unless it (or the caller) switches it on; see {@link RelayOptions#prepare}
     * @return the connection, on that loop; cancelling closes it. Fails with {@link io.netty.channel.ChannelException} if there is
     *     no socket or an option such as the mark can't be set, with a {@link java.net.ConnectException}
     *     ({@link io.netty.channel.ConnectTimeoutException} after {@link ProxySocketOptions#connectTimeout()}) or another
     *     {@link java.io.IOException} if it can't be established
     */
    public Future<UpstreamConnection> connect(EventLoop loop, InetSocketAddress destination, ChannelHandler handler) {
        ConnectAttempt attempt = new ConnectAttempt(this, loop, null, CanonicalAddress.of(destination), handler);
        return attempt.start(false);
    }

    /**
     * Connects from the client's address, as the policy says. A client on the loopback interface, or with the destination's own
     * address, is never spoofed: the server is the client's own host, which knows its addresses.
     *
     * @param loop the event loop of the connection
     * @param source the client
     * @param destination where to, resolved
     * @param handler added to the pipeline as soon as the connection is established and before anything is read. Automatic reading
     *     is off and stays off unless it (or the caller) switches it on; see {@link RelayOptions#prepare}
     * @return the connection, on that loop; cancelling closes it. Fails like {@link #connect(EventLoop, InetSocketAddress,
     *     ChannelHandler)}, and with {@link SpoofingException} if the client's address is required but can't be used
     */
    public Future<UpstreamConnection> connect(EventLoop loop, ClientAddress source, InetSocketAddress destination, ChannelHandler handler) {
        InetSocketAddress canonical = CanonicalAddress.of(destination);
        ConnectAttempt attempt = new ConnectAttempt(this, loop, source.ip(), canonical, handler);
        boolean local = source.ip().isLoopbackAddress() || canonical.getAddress().isLoopbackAddress() || source.ip().equals(canonical.getAddress());
        return attempt.start(policy != SpoofPolicy.NEVER && !local);
    }

    SpoofPolicy policy() {
        return policy;
    }

    PortRange ports() {
        return ports;
    }

    int nextPort() {
        return ports.first() + Math.floorMod(nextPort.getAndIncrement(), ports.size());
    }

    /** A socket of the destination's family, in the namespace, with all options set. */
    EpollSocketChannel open(InetAddress destination, boolean spoof) {
        SocketProtocolFamily family = destination instanceof Inet4Address ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
        ProxySocketOptions with = spoof ? options.withTransparent(true).withReuseAddress(true) : options;
        ChannelFactory<EpollSocketChannel> factory = with.connections(namespace, family);
        EpollSocketChannel channel = factory.newChannel();
        channel.config().setAutoRead(false);
        return channel;
    }
}

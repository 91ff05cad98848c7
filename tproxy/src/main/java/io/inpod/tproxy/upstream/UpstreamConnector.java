package io.inpod.tproxy.upstream;

import static io.inpod.netns.socket.LinuxSocketOptions.BIND_NO_PORT;
import static io.inpod.netns.socket.LinuxSocketOptions.FREEBIND;
import static io.inpod.netns.socket.LinuxSocketOptions.REUSE_ADDRESS;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import io.inpod.tproxy.listen.OwnConnections;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Connects from a network namespace to servers, with or without the client's address as the source ("spoofed").
 *
 * <p>Answers to a spoofed connection only come back if the namespace routes them to itself, see {@link io.inpod.tproxy.PolicyRouting}; otherwise
 * connecting times out.
 *
 * <p>The source ports of spoofed connections are chosen here, from {@link UpstreamOptions#ports()} without what
 * {@code net.ipv4.ip_local_port_range} and {@code ip_local_reserved_ports} of the namespace name and without ports that somebody
 * listens on. A port that the kernel chose could be the one that the client itself has: then the redirected connection and the spoofed
 * one are the same to connection tracking, and one of them dies. Only where the client's own connection goes elsewhere, because it
 * comes through a tunnel, the choice may be left to the kernel.
 *
 * <p>Thread-safe. A spoofed connection needs CAP_NET_ADMIN or CAP_NET_RAW in the user namespace that owns the network namespace.
 */
public final class UpstreamConnector {
    private static final int MAX_PORTS = 64;

    private final UpstreamOptions options;
    private final Map<StandardProtocolFamily, ChannelFactory<EpollSocketChannel>> plain = new EnumMap<>(StandardProtocolFamily.class);
    private final Map<StandardProtocolFamily, ChannelFactory<EpollSocketChannel>> spoofed = new EnumMap<>(StandardProtocolFamily.class);
    private final @Nullable SourcePorts ports;
    private final @Nullable OwnConnections connections;
    private final LongAdder fallbacks = new LongAdder();

    /**
     * Makes a connector. Reads which source ports may be used, and so doesn't belong on an event loop; opens nothing yet.
     *
     * @param namespace where connections start; must stay open as long as the connector is used
     * @param options how to connect
     * @throws IOException if the namespace can't be entered
     */
    public UpstreamConnector(NetworkNamespace namespace, UpstreamOptions options) throws IOException {
        this(namespace, options, null);
    }

    /**
     * Makes a connector whose connections an {@link io.inpod.tproxy.listen.AcceptLoop} knows, so that it refuses those that come back to it.
     *
     * @param namespace where connections start; must stay open as long as the connector is used
     * @param options how to connect
     * @param connections keeps account of all that are made; null for no account
     * @throws IOException if the namespace can't be entered
     */
    public UpstreamConnector(NetworkNamespace namespace, UpstreamOptions options, @Nullable OwnConnections connections) throws IOException {
        this.options = options;
        this.connections = connections;
        PortRange range = options.ports();
        this.ports = range == null || options.policy() == SpoofPolicy.NEVER ? null : SourcePorts.of(namespace, range);
        SocketOptions foreign = options.sockets().with(TRANSPARENT, true).with(FREEBIND, true);
        SocketOptions with = range == null ? foreign.with(BIND_NO_PORT, true) : foreign.with(REUSE_ADDRESS, true);
        for (StandardProtocolFamily family : List.of(StandardProtocolFamily.INET, StandardProtocolFamily.INET6)) {
            plain.put(family, NettyChannels.client(namespace, options.sockets().withFamily(family)));
            spoofed.put(family, NettyChannels.client(namespace, with.withFamily(family)));
        }
    }

    /**
     * Connects from an own address.
     *
     * @param loop the event loop of the connection
     * @param destination where to
     * @param handler added to the pipeline as soon as the connection is established and before anything is read. Automatic reading
     *     is off and stays off unless it (or the caller) switches it on; see {@link io.inpod.tproxy.relay.RelayOptions#prepare}
     * @return the connection, on that loop; cancelling closes it. Fails with {@link io.netty.channel.ChannelException} if there is
     *     no socket or an option such as the mark can't be set, with a {@link java.net.ConnectException}
     *     ({@link io.netty.channel.ConnectTimeoutException} after {@link UpstreamOptions#connectTimeout()}) or another
     *     {@link java.io.IOException} if it can't be established
     */
    public Future<UpstreamConnection> connect(EventLoop loop, DestinationAddress destination, ChannelHandler handler) {
        ConnectAttempt attempt = new ConnectAttempt(this, loop, null, destination.address(), handler);
        return attempt.start(false);
    }

    /**
     * Connects from the client's address, as the policy says. A client on the loopback interface, or with the destination's own
     * address, is never spoofed: the server is the client's own host, which knows its addresses.
     *
     * @param loop the event loop of the connection
     * @param source the client
     * @param destination where to
     * @param handler added to the pipeline as soon as the connection is established and before anything is read. Automatic reading
     *     is off and stays off unless it (or the caller) switches it on; see {@link io.inpod.tproxy.relay.RelayOptions#prepare}
     * @return the connection, on that loop; cancelling closes it. Fails like {@link #connect(EventLoop, DestinationAddress,
     *     ChannelHandler)}, and with {@link SpoofingException} if the client's address is required but can't be used
     */
    public Future<UpstreamConnection> connect(EventLoop loop, ClientAddress source, DestinationAddress destination, ChannelHandler handler) {
        ConnectAttempt attempt = new ConnectAttempt(this, loop, source, destination.address(), handler);
        boolean local = source.ip().isLoopbackAddress() || destination.ip().isLoopbackAddress() || source.ip().equals(destination.ip());
        return attempt.start(options.policy() != SpoofPolicy.NEVER && !local);
    }

    /** {@return how many connections came from an own address although the client's was preferred} */
    public long fallbacks() {
        return fallbacks.sum();
    }

    UpstreamOptions options() {
        return options;
    }

    void countFallback() {
        fallbacks.increment();
    }

    /** The next source port to try; 0 where the kernel chooses. */
    int nextPort() {
        return ports == null ? 0 : ports.next();
    }

    /** Why no source port is left after some tries, in words. */
    String exhaustion(int tried) {
        return ports == null ? "the kernel has no source port of net.ipv4.ip_local_port_range left for it" : ports.exhaustion(tried);
    }

    /** How many sockets may be spent on finding a free source port. */
    int maxAttempts() {
        return ports == null ? 1 : Math.min(MAX_PORTS, ports.size());
    }

    /** A socket of the destination's family, in the namespace, with all options set. */
    EpollSocketChannel open(InetAddress destination, boolean spoof) {
        StandardProtocolFamily family = destination instanceof Inet4Address ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6;
        EpollSocketChannel channel = Objects.requireNonNull((spoof ? spoofed : plain).get(family)).newChannel();
        channel.config().setAutoRead(false);
        if (connections != null) {
            connections.track(channel);
        }
        channel.config().setConnectTimeoutMillis((int) options.connectTimeout().toMillis());
        return channel;
    }
}

package io.inpod.tproxy.upstream;

import static io.inpod.netns.socket.LinuxSocketOptions.REUSE_ADDRESS;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.tcp.TcpChannel;
import io.inpod.netns.tcp.TcpSockets;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import io.inpod.tproxy.listen.OwnConnections;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Connects from a network namespace to servers, with or without the client's address as the source ("spoofed").
 *
 * <p>Answers to a spoofed connection only come back if the namespace routes them to itself, see {@link io.inpod.tproxy.PolicyRouting};
 * otherwise connecting times out.
 *
 * <p>The connector chooses the source ports of spoofed connections from {@link UpstreamOptions#ports()}, except those in the namespace's
 * {@code net.ipv4.ip_local_port_range} and {@code ip_local_reserved_ports} and those on which a socket listens. If the kernel chose the
 * port, it could choose one from which the client is connected to the same destination: then connection tracking can't distinguish the two
 * connections, and one of them fails. Therefore connection tracking is asked about each port before it is used, if the process has
 * CAP_NET_ADMIN. The namespace's own ports are only used if it can be asked, and only for clients whose connections usually have another
 * destination, because they arrive through tunnels.
 *
 * <p>Thread-safe. Closing it closes the sockets that it keeps; connections that are open continue. A spoofed
 * connection needs CAP_NET_ADMIN or CAP_NET_RAW in the user namespace that owns the network namespace.
 */
public final class UpstreamConnector implements AutoCloseable {
    private static final int MAX_PORTS = 64;

    private final NetworkNamespace namespace;
    private final UpstreamOptions options;
    private final Map<IpFamily, TcpSockets> plain;
    private final Map<IpFamily, TcpSockets> spoofed;
    /** Another connector's, which closes them. */
    private final boolean shared;
    private final @Nullable SourcePorts ports;
    private final TrackedTuples tuples;
    private final @Nullable OwnConnections connections;
    private final LongAdder fallbacks = new LongAdder();
    private final LongAdder portless = new LongAdder();

    /**
     * Creates a connector. Reads which source ports can be used, so it must not be called on an event loop; opens no socket.
     *
     * @param namespace the namespace from which to connect; must stay open while the connector is used
     * @param options how to connect
     * @throws IOException if the namespace can't be entered
     */
    public UpstreamConnector(NetworkNamespace namespace, UpstreamOptions options) throws IOException {
        this(namespace, options, null);
    }

    /**
     * Creates a connector whose connections an {@link io.inpod.tproxy.listen.AcceptLoop} recognises, so that it refuses those that come
     * back to it.
     *
     * @param namespace see {@link #UpstreamConnector(NetworkNamespace, UpstreamOptions)}
     * @param options how to connect
     * @param connections tracks all connections; null if they needn't be tracked
     * @throws IOException if the namespace can't be entered
     */
    public UpstreamConnector(NetworkNamespace namespace, UpstreamOptions options, @Nullable OwnConnections connections) throws IOException {
        this(namespace, options, connections, options.policy() == SpoofPolicy.NEVER ? null : SourcePorts.of(namespace, options.ports()),
                factories(namespace, options.sockets()), factories(namespace,
                        options.sockets().with(TRANSPARENT, true).with(REUSE_ADDRESS, true)),
                false);
    }

    private UpstreamConnector(NetworkNamespace namespace, UpstreamOptions options, @Nullable OwnConnections connections,
            @Nullable SourcePorts ports, Map<IpFamily, TcpSockets> plain,
            Map<IpFamily, TcpSockets> spoofed, boolean shared) {
        this.namespace = namespace;
        this.options = options;
        this.connections = connections;
        this.ports = ports;
        this.tuples = new TrackedTuples(namespace);
        this.plain = plain;
        this.spoofed = spoofed;
        this.shared = shared;
    }

    private static Map<IpFamily, TcpSockets> factories(NetworkNamespace namespace, SocketOptions sockets) {
        Map<IpFamily, TcpSockets> factories = new EnumMap<>(IpFamily.class);
        for (IpFamily family : IpFamily.values()) {
            factories.put(family, new TcpSockets(namespace, family, sockets));
        }
        return factories;
    }

    /**
     * Returns a second connector, which differs only in the source ports of spoofed connections. It uses what this one has read, so that
     * it costs little.
     *
     * @param range see {@link UpstreamOptions#ports()}
     * @return the connector, to be closed by the caller, before this one
     */
    public UpstreamConnector withPorts(@Nullable PortRange range) {
        return new UpstreamConnector(namespace, options.withPorts(range), connections, ports == null ? null : ports.with(range),
                plain, spoofed, true);
    }

    /**
     * Connects from an address of the namespace.
     *
     * @param loop the event loop of the connection
     * @param destination the address to connect to
     * @param handler added to the pipeline as soon as the connection is established and before anything is read. Automatic reading is off
     *     and stays off unless the handler or the caller switches it on; see {@link io.inpod.tproxy.relay.RelayOptions#preparation}
     * @return the connection, on that loop; cancelling the future closes it. Fails with a {@link io.netty.channel.ChannelException} if the
     *     socket can't be created or an option such as the mark can't be set, and with a {@link java.net.ConnectException}
     *     ({@link io.netty.channel.ConnectTimeoutException} after {@link UpstreamOptions#connectTimeout()}) or another
     *     {@link java.io.IOException} if the connection can't be established
     */
    public Future<UpstreamConnection> connect(EventLoop loop, DestinationAddress destination, ChannelHandler handler) {
        ConnectAttempt attempt = new ConnectAttempt(this, loop, null, destination.address(), handler);
        return attempt.start(false);
    }

    /**
     * Connects from the client's address, as the policy says. The address of a client on the loopback interface, or one that is also the
     * destination's, is never used: the server is on the client's host, which owns that address. Neither is a link-local address of IPv6:
     * the answer of a server in the namespace to it finds no way back, as it belongs to another interface than loopback.
     *
     * @param loop the event loop of the connection
     * @param source the client
     * @param destination the address to connect to
     * @param handler see {@link #connect(EventLoop, DestinationAddress, ChannelHandler)}
     * @return the connection, on that loop; cancelling the future closes it. Fails like {@link #connect(EventLoop, DestinationAddress,
     *     ChannelHandler)}, and with a {@link SpoofingException} if the client's address is required but can't be used
     */
    public Future<UpstreamConnection> connect(EventLoop loop, ClientAddress source, DestinationAddress destination,
            ChannelHandler handler) {
        ConnectAttempt attempt = new ConnectAttempt(this, loop, source, destination.address(), handler);
        InetAddress client = source.ip();
        boolean local = client.isLoopbackAddress() || destination.ip().isLoopbackAddress() || client.equals(destination.ip());
        boolean ofOneLink = client instanceof Inet6Address && client.isLinkLocalAddress();
        return attempt.start(options.policy() != SpoofPolicy.NEVER && !local && !ofOneLink);
    }

    /** {@return the number of connections from an address of the namespace although the client's was preferred} */
    public long fallbacks() {
        return fallbacks.sum();
    }

    /**
     * {@return the number of connections for which no source port was free; those that fell back to an address of the namespace count too}
     */
    public long portless() {
        return portless.sum();
    }

    UpstreamOptions options() {
        return options;
    }

    void countFallback() {
        fallbacks.increment();
    }

    void countPortless() {
        portless.increment();
    }

    /** Returns the next source port to try. */
    int nextPort() {
        return ports().next();
    }

    /** Returns whether a connection with these addresses may exist, so that another one must not be opened. */
    boolean isTaken(InetSocketAddress source, InetSocketAddress destination) {
        return tuples.contains(source, destination, ports().isShared());
    }

    /** Returns why no source port is left after some attempts. */
    String exhaustion(int tried) {
        return ports().exhaustion(tried) + tuples.failure();
    }

    /** Returns how many source ports may be tried. */
    int maxAttempts() {
        return Math.min(MAX_PORTS, ports().size());
    }

    private SourcePorts ports() {
        return Objects.requireNonNull(ports);
    }

    /**
     * Closes the socket on which connection tracking is asked, and those that were made in advance. Connecting from a client's address
     * isn't possible any more.
     */
    @Override
    public void close() {
        tuples.close();
        if (!shared) {
            plain.values().forEach(TcpSockets::close);
            spoofed.values().forEach(TcpSockets::close);
        }
    }

    /** Connects a channel, registered and without handlers, and tracks it. */
    ChannelFuture connect(TcpChannel channel, InetSocketAddress destination, @Nullable InetSocketAddress local) {
        return connections == null ? channel.connect(destination, local) : connections.connect(channel, destination, local);
    }

    /** Opens a socket of the destination's family in the namespace, with all options set. */
    TcpChannel open(EventLoop loop, InetAddress destination, boolean spoof) {
        TcpChannel channel = Objects.requireNonNull((spoof ? spoofed : plain).get(IpFamily.of(destination))).newChannel(loop);
        channel.config().setAutoRead(false);
        channel.config().setConnectTimeoutMillis((int) options.connectTimeout().toMillis());
        return channel;
    }
}

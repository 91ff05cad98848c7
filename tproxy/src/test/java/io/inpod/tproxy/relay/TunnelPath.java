package io.inpod.tproxy.relay;

import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRequest;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.inpod.netns.bpf.SockMap;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Client, relay, HBONE tunnel, relay, server; all tunnels share one connection. */
final class TunnelPath extends RelayPath {
    private static final SpiffeId NEAR = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/near");
    private static final SpiffeId FAR = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/far");

    private final Channel far;
    private final HbonePool pool;
    private final HboneDestination destination;
    private final @Nullable SockMap sockets;
    private volatile SocketChannel client;
    private volatile boolean joined;
    private volatile Channel connection;

    TunnelPath() throws Exception {
        this(null);
    }

    /** With a map, the connection bypasses the network. */
    TunnelPath(@Nullable SockMap sockets) throws Exception {
        super(Kind.OURS);
        this.sockets = sockets;
        DevelopmentCa ca = PassingCa.open();
        ChannelHandler tunnels = new HboneServer(ca).handler(FAR, this::serve);
        far = new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel accepted) {
                        joined |= sockets != null && sockets.join(client, accepted);
                        accepted.pipeline().addLast(tunnels);
                    }
                }).bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        pool = new HbonePool(loop, ca, (on, to, init) -> {
            ChannelFuture connecting = new Bootstrap().group(on).channel(EpollSocketChannel.class).handler(init).connect(to.address());
            client = (SocketChannel) connecting.channel();
            return connecting;
        });
        destination = new HboneDestination(NEAR, Set.of(FAR), (InetSocketAddress) far.localAddress(), null);
    }

    private void serve(TunnelRequest request) {
        try {
            TunnelChannel tunnel = request.accept(List.of(), prepared(RelayOptions.DEFAULT));
            open(null, prepared(RelayOptions.DEFAULT)).addListener((ChannelFuture connected) ->
                    Relay.start(tunnel, (DuplexChannel) connected.channel(), ended -> {}));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    DuplexChannel upstream(RelayOptions options) throws Exception {
        ConnectRequest request = new ConnectRequest(Authority.parse("10.0.0.7:8080"), List.of());
        TunnelChannel tunnel = loop.submit(() -> pool.open(destination, request, prepared(options))).get().sync().get();
        connection = tunnel.parent();
        return tunnel;
    }

    /** Whether the connection bypasses the network. */
    boolean joined() {
        return joined;
    }

    /** Behaves as if the other node had crashed. */
    void loseConnection() {
        connection.config().setOption(ChannelOption.SO_LINGER, 0);
        connection.close().syncUninterruptibly();
    }

    @Override
    public void close() throws IOException {
        loop.submit(pool::close).syncUninterruptibly();
        far.close().syncUninterruptibly();
        super.close();
    }
}

package io.inpod.hbone.forward;

import io.inpod.hbone.Authority;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.relay.RelayResult;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client's port, a tunnel, and a server that connects to local apps by their port: the authority's host is a name. */
final class Scene implements AutoCloseable {
    static final SpiffeId CLIENT = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/client");
    static final SpiffeId SERVER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/server");

    final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, RelayIoHandler.newFactory());
    final LinkedBlockingQueue<String> clientLog = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<String> serverLog = new LinkedBlockingQueue<>();
    final HboneClient hbone;
    final HboneDestination peer;
    final CertificateSource certificates;
    private final Path directory = Files.createTempDirectory("forward");

    Scene() throws Exception {
        certificates = DevelopmentCa.open(directory.resolve("ca"));
        hbone = new HboneClient(loops, certificates, Connector.of(EpollSocketChannel::new));
        TunnelRequestHandler apps = new AppConnector(EpollSocketChannel::new, request -> switch (request.authority().host()) {
            case "app.test" -> new InetSocketAddress(InetAddress.getLoopbackAddress(), request.authority().port());
            case "unresolved.test" -> InetSocketAddress.createUnresolved("unresolved.test", 80);
            default -> null;
        }, RelayOptions.DEFAULT, log(serverLog));
        HboneEvents events = new HboneEvents() {
            @Override
            public void handlerFailed(Channel connection, Throwable cause) {
                serverLog.add("threw " + cause.getMessage());
            }
        };
        ChannelHandler accepting = new HboneServer(certificates, HboneOptions.server(), events).handler(SERVER, apps);
        peer = new HboneDestination(CLIENT, SERVER, listen(loops, accepting));
    }

    static InetSocketAddress listen(EventLoopGroup loops, ChannelHandler handler) {
        return (InetSocketAddress) new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class).childHandler(handler)
                .bind(InetAddress.getLoopbackAddress(), 0).syncUninterruptibly().channel().localAddress();
    }

    /** A port that leads to what the server knows under this name and port. */
    InetSocketAddress forward(String app) {
        return forward(loops, app);
    }

    InetSocketAddress forward(EventLoopGroup accepting, String app) {
        return listen(accepting, new PortForwarder(hbone, RelayOptions.DEFAULT, log(clientLog)).handler(peer, Authority.parse(app)));
    }

    static Socket connect(InetSocketAddress address) throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    static String next(LinkedBlockingQueue<String> log) throws InterruptedException {
        return String.valueOf(log.poll(20, TimeUnit.SECONDS));
    }

    static ForwardListener log(LinkedBlockingQueue<String> log) {
        return new ForwardListener() {
            @Override
            public void failed(Channel client, Authority app, Throwable cause) {
                log.add("failed " + app.host() + ": " + cause.getMessage());
            }

            @Override
            public void ended(Channel client, Authority app, RelayResult result) {
                log.add("ended " + result.bytesUpstream() + " " + result.bytesDownstream() + (result.isComplete() ? "" : " incomplete"));
            }
        };
    }

    @Override
    public void close() throws IOException {
        hbone.close();
        loops.shutdownGracefully(20, 5000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        try (var files = Files.walk(directory)) {
            for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(p);
            }
        }
    }
}

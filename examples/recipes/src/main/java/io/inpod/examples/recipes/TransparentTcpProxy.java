package io.inpod.examples.recipes;

import static io.inpod.netns.socket.LinuxSocketOptions.MARK;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;

import io.inpod.netns.InPodConstants;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.PolicyRouting;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.listen.AcceptHandler;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.FutureListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Set;

/**
 * Relays the TCP connections that rules in a namespace divert to port 15006 to their original destinations, from the client's address:
 * {@code TransparentTcpProxy <name that "ip netns" shows>}, for example with these rules (and the same with ip6tables)
 * <pre>
 * iptables -t mangle -A PREROUTING -m mark --mark 0x539 -j CONNMARK --set-mark 0x111
 * iptables -t mangle -A OUTPUT -m connmark --mark 0x111 -j CONNMARK --restore-mark
 * iptables -t mangle -A PREROUTING -p tcp --dport 8080 ! -i lo -j TPROXY --on-port 15006 --tproxy-mark 0x111
 * </pre>
 */
public final class TransparentTcpProxy {
    static final int PORT = InPodConstants.INBOUND_PLAINTEXT_PORT;

    private TransparentTcpProxy() {}

    static AcceptLoop start(NetworkNamespace namespace, EventLoopGroup loops) throws IOException {
        SocketOptions sockets = UpstreamOptions.DEFAULT.sockets().with(MARK, InPodConstants.PROXY_MARK);
        OwnConnections own = new OwnConnections();
        UpstreamConnector upstreams = new UpstreamConnector(namespace, UpstreamOptions.DEFAULT.withSockets(sockets), own);
        PolicyRouting.DEFAULT.install(namespace);
        AcceptLoop proxy = AcceptLoop.listen(namespace, new InetSocketAddress("::", PORT), sockets.with(TRANSPARENT, true), loops.next(),
                AcceptRules.ofPorts(Set.of(PORT), own), new AcceptHandler() {
                    @Override
                    public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
                        return loops.next();
                    }

                    @Override
                    public void accepted(SocketChannel connection, InetSocketAddress client, OriginalDestination destination) {
                        RelayOptions.DEFAULT.prepare(connection);
                        upstreams.connect(connection.eventLoop(), new ClientAddress(client), destination.destination(),
                                RelayOptions.DEFAULT.preparation()).addListener((FutureListener<UpstreamConnection>) upstream -> {
                                    if (upstream.isSuccess()) {
                                        Relay.start(connection, upstream.getNow().channel(), result -> {});
                                    } else {
                                        Resets.reset(connection); // as the server would have done
                                    }
                                });
                    }
                });
        proxy.channel().closeFuture().addListener(closed -> upstreams.close());
        return proxy;
    }

    public static void main(String[] args) throws Exception {
        start(NetworkNamespace.named(args[0]), new MultiThreadIoEventLoopGroup(RelayIoHandler.newFactory())).channel().closeFuture().sync();
    }
}

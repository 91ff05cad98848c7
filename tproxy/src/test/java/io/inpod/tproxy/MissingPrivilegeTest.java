package io.inpod.tproxy;

import static io.inpod.netns.socket.LinuxSocketOptions.MARK;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.upstream.SpoofPolicy;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A process that may enter namespaces but not mark packets must not bind or connect sockets without the mark. */
class MissingPrivilegeTest {
    @Test
    void refusesToBindAndConnectWithoutTheMark() throws Exception {
        Privilege.NAMESPACES.require();
        Tool.require("setpriv");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            String output = Tool.run(namespace, "setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-net_admin,-net_raw",
                    java, "-cp", System.getProperty("java.class.path"), Unprivileged.class.getName());
            assertThat(output)
                    .containsPattern("(?m)^bind: .*setsockopt\\(SO_MARK, 1337\\) on .* failed: .*EPERM")
                    .containsPattern("(?m)^transparent bind: .*setsockopt\\(IP_TRANSPARENT, true\\) on .* failed: .*EPERM")
                    .containsPattern("(?m)^connect: .*setsockopt\\(SO_MARK, 1337\\) on .* failed: .*EPERM")
                    .containsPattern("(?m)^preferred: .*setsockopt\\(SO_MARK, 1337\\) on .* failed: .*EPERM")
                    .contains("CAP_NET_ADMIN or CAP_NET_RAW")
                    .doesNotContain("worked");
        }
    }

    /** The other process. */
    static final class Unprivileged {
        private Unprivileged() {}

        public static void main(String[] arguments) throws Exception {
            MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
            try (NetworkNamespace own = NetworkNamespace.current()) {
                SocketOptions marked = SocketOptions.NONE.with(MARK, 0x539);
                UpstreamOptions options = UpstreamOptions.DEFAULT.withSockets(marked);
                DestinationAddress nowhere = new DestinationAddress(new InetSocketAddress("127.0.0.1", 1));
                report("bind", bind(loops, own, marked));
                report("transparent bind", bind(loops, own, SocketOptions.NONE.with(TRANSPARENT, true)));
                report("connect", new UpstreamConnector(own, options.withPolicy(SpoofPolicy.NEVER))
                        .connect(loops.next(), nowhere, new ChannelInboundHandlerAdapter()).await().cause());
                report("preferred", new UpstreamConnector(own, options.withPolicy(SpoofPolicy.PREFER))
                        .connect(loops.next(), new ClientAddress(InetAddress.getByName("10.0.0.1")), new DestinationAddress(new InetSocketAddress("10.0.0.2", 1)),
                                new ChannelInboundHandlerAdapter()).await().cause());
            } finally {
                loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
            }
        }

        private static Throwable bind(MultiThreadIoEventLoopGroup loops, NetworkNamespace own, SocketOptions options) throws Exception {
            return new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(own, options)).childHandler(new ChannelInboundHandlerAdapter())
                    .bind(0).await().cause();
        }

        private static void report(String what, Throwable failure) {
            System.out.println(what + ": " + (failure == null ? "worked" : failure.getMessage()));
        }
    }
}

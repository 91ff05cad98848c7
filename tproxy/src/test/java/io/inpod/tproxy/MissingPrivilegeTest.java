package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A process that may enter namespaces but not mark packets: nothing may be bound or connected without its mark. */
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
                    .contains("bind: setsockopt(SO_MARK, 1337) failed")
                    .contains("transparent bind: setsockopt(IP_TRANSPARENT, 1) failed")
                    .contains("connect: setsockopt(SO_MARK, 1337) failed")
                    .contains("preferred: setsockopt(SO_MARK, 1337) failed")
                    .contains("CAP_NET_ADMIN or CAP_NET_RAW")
                    .doesNotContain("worked");
        }
    }

    /** What the other process does. */
    static final class Unprivileged {
        private Unprivileged() {}

        public static void main(String[] arguments) throws Exception {
            MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
            try (NetworkNamespace own = NetworkNamespace.current()) {
                ProxySocketOptions marked = ProxySocketOptions.DEFAULT.withMark(0x539);
                InetSocketAddress nowhere = new InetSocketAddress("127.0.0.1", 1);
                report("bind", bind(loops, own, marked));
                report("transparent bind", bind(loops, own, ProxySocketOptions.DEFAULT.withTransparent(true)));
                report("connect", new UpstreamConnector(own, marked, SpoofPolicy.NEVER)
                        .connect(loops.next(), nowhere, new ChannelInboundHandlerAdapter()).await().cause());
                report("preferred", new UpstreamConnector(own, marked, SpoofPolicy.PREFER)
                        .connect(loops.next(), new ClientAddress(InetAddress.getByName("10.0.0.1")), new InetSocketAddress("10.0.0.2", 1),
                                new ChannelInboundHandlerAdapter()).await().cause());
            } finally {
                loops.shutdownGracefully(0, 10, TimeUnit.SECONDS).sync();
            }
        }

        private static Throwable bind(MultiThreadIoEventLoopGroup loops, NetworkNamespace own, ProxySocketOptions options) throws Exception {
            return new ServerBootstrap().group(loops).channelFactory(options.listeners(own)).childHandler(new ChannelInboundHandlerAdapter())
                    .bind(0).await().cause();
        }

        private static void report(String what, Throwable failure) {
            System.out.println(what + ": " + (failure == null ? "worked" : failure.getMessage()));
        }
    }
}

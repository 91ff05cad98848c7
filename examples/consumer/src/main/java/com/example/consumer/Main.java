package com.example.consumer;

import io.inpod.hbone.identity.SpiffeId;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.tproxy.PolicyRouting;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.handler.ssl.OpenSsl;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** An application that depends on the published artifacts only: uses each of them briefly, and checks the result with other tools. */
public final class Main {
    private static final String NAME = "consumer";

    private Main() {}

    /**
     * Prints "ok" if everything worked.
     *
     * @param args none
     * @throws Exception if something did not work
     */
    public static void main(String[] args) throws Exception {
        NetworkNamespace namespace = NetworkNamespace.create(NAME);
        try (namespace; ServerSocketChannel jdk = namespace.call(() -> ServerSocketChannel.open())) {
            Path here = Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net"));
            expect(!here.toString().equals(namespace.identity().toString()), "the thread is back in " + here);

            jdk.bind(new InetSocketAddress(18080));
            // Before there is any event loop: constructing a channel mustn't need one.
            NettyChannels.client(namespace).newChannel().unsafe().closeForcibly();
            var loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
            try {
                Channel netty = new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(namespace))
                        .childHandler(new ChannelInboundHandlerAdapter()).bind(18081).sync().channel();
                String inside = output("ss", "-N", NAME, "-Hlnt");
                expect(inside.contains(":18080 ") && inside.contains(":18081 "), "both sockets listen in the namespace: " + inside);
                String outside = output("ss", "-Hlnt");
                expect(!outside.contains(":18080 ") && !outside.contains(":18081 "), "and not outside: " + outside);
                netty.close().sync();
            } finally {
                loops.shutdownGracefully().sync();
            }

            try (Rtnetlink network = Rtnetlink.open(namespace)) {
                network.links().up("lo");
            }
            PolicyRouting.DEFAULT.install(namespace);
            PolicyRouting.DEFAULT.verify(namespace);
            PolicyRouting.DEFAULT.remove(namespace);

            String rules = IptablesRestore.render(InPodRedirection.of(IpFamily.V4).ruleSet());
            expect(rules.contains("--to-ports " + InPodConstants.OUTBOUND_PORT) && rules.endsWith("COMMIT\n"), "rules for a pod: " + rules);

            SpiffeId id = SpiffeId.parse("spiffe://cluster.local/ns/default/sa/bookinfo");
            expect(id.serviceAccount().equals("bookinfo"), "an identity: " + id);
            expect(OpenSsl.isAvailable(), "TLS by BoringSSL: " + OpenSsl.unavailabilityCause());
        } finally {
            NetworkNamespace.delete(NAME);
        }
        System.out.println("ok");
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("expected that " + what);
        }
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        expect(process.waitFor() == 0, String.join(" ", command) + " succeeds: " + output);
        return output;
    }
}

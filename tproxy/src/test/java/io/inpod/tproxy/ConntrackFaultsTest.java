package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Redirected connections that lose their conntrack entry, and with it the redirection. The proxy transforms the data that it forwards, so the
 * wire shows whether any of the application's bytes bypassed it. A rule like the one in iptables-builder's guard prevents that.
 */
@Timeout(180)
class ConntrackFaultsTest {
    private static final byte[] SECRET = "a secret that must not be on the wire".getBytes(StandardCharsets.US_ASCII);

    @Test
    @Pods(2)
    void nothingLeavesInClearWhenSegmentsAreTakenForInvalid(PodNetwork network) throws Exception {
        assertThat(flushed(network, 0, true)).isZero();
    }

    @Test
    @Pods(2)
    void nothingLeavesInClearWhenConnectionsArePickedUp(PodNetwork network) throws Exception {
        assertThat(flushed(network, 1, true)).isZero();
    }

    /** Shows that without the guard data does leak, and that the capture would see it. */
    @Test
    @Pods(2)
    void withoutTheGuardItDoes(PodNetwork network) throws Exception {
        assertThat(flushed(network, 0, false)).isPositive();
    }

    /** {@return how often the secret appeared on the wire} */
    private static int flushed(PodNetwork network, int loose, boolean guarded) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace far = network.pod(1).namespace();
        if (guarded) {
            TestProxy.restore(pod, "*mangle", "-A POSTROUTING ! -o lo -p tcp -m mark ! --mark 0x539/0xfff -m conntrack --ctstate INVALID,UNTRACKED -j DROP",
                    "COMMIT");
        }
        try (FaultScene scene = new FaultScene(pod, Duration.ofSeconds(10), Disguise::new); ServerSocketChannel server = FaultScene.serve(far);
                Wire wire = new Wire(far)) {
            Tool.run(pod, "sh", "-c", "echo " + loose + " >/proc/sys/net/netfilter/nf_conntrack_tcp_loose; echo 3 >/proc/sys/net/ipv4/tcp_retries2");
            try (SocketChannel client = FaultScene.connect(pod, network.pod(1).address()); SocketChannel accepted = FaultScene.accept(server)) {
                echo(client, accepted);
                Tool.run(pod, "conntrack", "-F");
                boolean ended = endsOrGoesOn(client, accepted);
                if (guarded && ended) {
                    assertThat(scene.result().isComplete()).isFalse();
                }
            }
            try (SocketChannel next = FaultScene.connect(pod, network.pod(1).address()); SocketChannel accepted = FaultScene.accept(server)) {
                echo(next, accepted);
            }
            return wire.sightings(SECRET);
        }
    }

    /** Sends the secret from the client, and echoes on the server what arrives. */
    private static void echo(SocketChannel client, SocketChannel server) throws IOException {
        client.socket().getOutputStream().write(SECRET);
        byte[] disguised = server.socket().getInputStream().readNBytes(SECRET.length);
        assertThat(disguised).hasSameSizeAs(SECRET).isNotEqualTo(SECRET);
        server.socket().getOutputStream().write(disguised);
        assertThat(client.socket().getInputStream().readNBytes(SECRET.length)).isEqualTo(SECRET);
    }

    /** {@return whether the client was notified of an error}; a connection that neither ends nor continues within a minute is a failure */
    private static boolean endsOrGoesOn(SocketChannel client, SocketChannel server) throws IOException {
        Thread answer = new Thread(() -> {
            try {
                server.socket().getOutputStream().write(server.socket().getInputStream().readNBytes(SECRET.length));
            } catch (IOException e) {
                // the relay has ended
            }
        });
        answer.start();
        try {
            client.socket().getOutputStream().write(SECRET);
            return client.socket().getInputStream().readNBytes(SECRET.length).length < SECRET.length;
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the client hangs", e);
        } catch (IOException e) {
            return true;
        } finally {
            server.socket().shutdownInput();
        }
    }

    /** Stands in for encryption. */
    private static final class Disguise extends ChannelDuplexHandler {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.fireChannelRead(flip((ByteBuf) message));
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ctx.write(flip((ByteBuf) message), promise);
        }

        private static ByteBuf flip(ByteBuf bytes) {
            for (int i = bytes.readerIndex(); i < bytes.writerIndex(); i++) {
                bytes.setByte(i, ~bytes.getByte(i));
            }
            return bytes;
        }
    }
}

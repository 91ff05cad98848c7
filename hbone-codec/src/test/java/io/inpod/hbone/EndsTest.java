package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelOutputShutdownException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tunnels end in order or by reset, and neither is mistaken for the other. */
@Timeout(60)
class EndsTest {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void halfCloseLeavesTheOtherDirectionOpen(boolean clientEnds) throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            Recorder first = clientEnds ? ends.client() : ends.server();
            Recorder second = clientEnds ? ends.server() : ends.client();
            first.write("last words");
            first.channel().shutdownOutput().sync();
            assertThat(List.of(second.next(), second.next(), second.next())).containsExactly("last words", "EOF", "EOF-complete");
            assertThat(first.channel().isOutputShutdown()).isTrue();
            assertThat(first.channel().isWritable()).isFalse();
            assertThat(first.write("too late").await().cause()).isInstanceOf(ChannelOutputShutdownException.class);
            assertThat(second.channel().isInputShutdown()).isTrue();
            second.write("answer").sync();
            assertThat(first.next()).isEqualTo("answer");
            second.channel().shutdownOutput();
            assertThat(List.of(first.next(), first.next(), first.next())).containsExactly("EOF", "EOF-complete", "inactive");
            assertThat(second.next()).isEqualTo("inactive");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void closingBeforeTheEndIsAReset(boolean clientCloses) throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            (clientCloses ? ends.client() : ends.server()).channel().close();
            Recorder other = clientCloses ? ends.server() : ends.client();
            assertThat(other.next()).isEqualTo("reset: tunnel reset by the peer: CANCEL");
            assertThat(other.next()).isEqualTo("inactive");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void lingerZeroPassesATcpResetOn(boolean clientCloses) throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            Recorder closer = clientCloses ? ends.client() : ends.server();
            assertThat(closer.channel().config().setOption(ChannelOption.SO_LINGER, 0)).isTrue();
            closer.channel().close();
            Recorder other = clientCloses ? ends.server() : ends.client();
            assertThat(other.next()).isEqualTo("reset: tunnel reset by the peer: CONNECT_ERROR");
            assertThat(other.next()).isEqualTo("inactive");
        }
    }

    @Test
    void closingAfterOurEndButBeforeTheirsIsAReset() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            ends.client().channel().shutdownOutput().sync();
            assertThat(List.of(ends.server().next(), ends.server().next())).containsExactly("EOF", "EOF-complete");
            ends.client().channel().close();
            assertThat(ends.server().next()).isEqualTo("reset: tunnel reset by the peer: CANCEL");
            assertThat(ends.server().next()).isEqualTo("inactive");
        }
    }

    @Test
    void aStoppedReaderHearsOfTheResetAtOnce() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh, () -> new Recorder(true, false)).open();
            ends.client().write("unread").sync();
            ends.client().channel().close();
            assertThat(ends.server().next()).startsWith("reset: ");
        }
    }

    @Test
    void withoutHalfClosureThePeersEndClosesInOrder() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh, () -> new Recorder(false, true)).open();
            ends.client().write("bye");
            ends.client().channel().shutdownOutput();
            assertThat(List.of(ends.server().next(), ends.server().next())).containsExactly("bye", "inactive");
            assertThat(List.of(ends.client().next(), ends.client().next(), ends.client().next())).containsExactly("EOF", "EOF-complete", "inactive");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void lossOfTheConnectionResetsEveryTunnel(boolean clientSide) throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair pair = new Pair(mesh);
            List<Pair.Ends> all = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                all.add(pair.open());
            }
            var connection = clientSide ? mesh.clientConnections.get(0) : mesh.accepted.iterator().next();
            connection.eventLoop().execute(() -> connection.unsafe().closeForcibly());
            for (Pair.Ends ends : all) {
                Recorder far = clientSide ? ends.server() : ends.client();
                assertThat(far.next()).startsWith("reset: the HBONE connection");
                assertThat(far.next()).isEqualTo("inactive");
            }
        }
    }

    @Test
    void noErrorAfterTheEndIsAnOrdinaryClose() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Recorder server = new Recorder();
            var address = mesh.serve(request -> {
                try {
                    request.accept(List.of(), server);
                } catch (TunnelResetException e) {
                    throw new IllegalStateException(e);
                }
            });
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, ":method", "CONNECT", ":authority", "10.0.0.1:80");
                assertThat(peer.next().type()).isEqualTo(1);
                peer.send(0, 1, 1, "all".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                peer.send(3, 0, 1, new byte[4]);
                assertThat(List.of(server.next(), server.next(), server.next(), server.next())).containsExactly("all", "EOF", "EOF-complete", "inactive");
            }
        }
    }

    @Test
    void closingAfterThePeersEndIsInOrder() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            ends.client().channel().shutdownOutput().sync();
            assertThat(List.of(ends.server().next(), ends.server().next())).containsExactly("EOF", "EOF-complete");
            ends.server().write("answer").sync();
            ends.server().channel().close();
            assertThat(List.of(ends.client().next(), ends.client().next(), ends.client().next(), ends.client().next()))
                    .containsExactly("answer", "EOF", "EOF-complete", "inactive");
        }
    }

    @Test
    void lingerZeroIsAResetEvenAfterThePeersEnd() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            ends.client().channel().shutdownOutput().sync();
            assertThat(List.of(ends.server().next(), ends.server().next())).containsExactly("EOF", "EOF-complete");
            ends.server().channel().config().setOption(ChannelOption.SO_LINGER, 0);
            ends.server().channel().close();
            assertThat(ends.client().next()).isEqualTo("reset: tunnel reset by the peer: CONNECT_ERROR");
        }
    }

    @Test
    void aResetAfterTheEndIsStillAReset() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            ends.client().write("all").sync();
            ends.client().channel().shutdownOutput().sync();
            assertThat(List.of(ends.server().next(), ends.server().next(), ends.server().next())).containsExactly("all", "EOF", "EOF-complete");
            ends.client().channel().close();
            assertThat(ends.server().next()).startsWith("reset: ");
        }
    }

    @Test
    void whatWasWrittenBeforeTheEndArrives() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            byte[] chunk = new byte[100_000];
            for (int i = 0; i < 100; i++) {
                ends.client().channel().writeAndFlush(io.netty.buffer.Unpooled.wrappedBuffer(chunk));
            }
            ends.client().channel().shutdownOutput();
            assertThat(ends.server().next()).isEqualTo("EOF");
            assertThat(ends.server().bytes.get()).isEqualTo(10_000_000);
        }
    }
}

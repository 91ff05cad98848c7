package io.inpod.hbone;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.identity.DevelopmentCa;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.util.concurrent.Future;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
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
            Recorder first = ends.side(clientEnds);
            Recorder second = ends.side(!clientEnds);
            first.write("last words");
            first.channel().shutdownOutput().sync();
            second.expect("last words", "EOF", "EOF-complete");
            assertThat(first.channel().isOutputShutdown()).isTrue();
            assertThat(first.channel().isWritable()).isFalse();
            assertThat(first.write("too late").await().cause()).isInstanceOf(ChannelOutputShutdownException.class);
            assertThat(second.channel().isInputShutdown()).isTrue();
            second.write("answer").sync();
            assertThat(first.next()).isEqualTo("answer");
            second.channel().shutdownOutput();
            first.expect("EOF", "EOF-complete", "inactive");
            assertThat(second.next()).isEqualTo("inactive");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void closingBeforeTheEndIsAReset(boolean clientCloses) throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            ends.side(clientCloses).channel().close();
            Recorder other = ends.side(!clientCloses);
            other.expect("reset: tunnel reset by the peer: CANCEL", "inactive");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void lingerZeroPassesATcpResetOn(boolean clientCloses) throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            Recorder closer = ends.side(clientCloses);
            assertThat(closer.channel().config().setOption(ChannelOption.SO_LINGER, 0)).isTrue();
            closer.channel().close();
            Recorder other = ends.side(!clientCloses);
            other.expect("reset: tunnel reset by the peer: CONNECT_ERROR", "inactive");
        }
    }

    @Test
    void closingAfterOurEndButBeforeTheirsIsAReset() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            ends.client().channel().shutdownOutput().sync();
            ends.server().expect("EOF", "EOF-complete");
            ends.client().channel().close();
            ends.server().expect("reset: tunnel reset by the peer: CANCEL", "inactive");
        }
    }

    @Test
    void aStoppedReaderHearsOfAResetAtOnce() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh, () -> new Recorder(true, false)).open();
            ends.client().channel().close();
            assertThat(ends.server().next()).startsWith("reset: ");
        }
    }

    /** As with a socket: writing fails, and reading gives what came before the reset, and then the reset. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatCameBeforeAResetCanBeRead(boolean connectionIsLost) throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh, () -> new Recorder(true, false)).open();
            Recorder server = ends.server();
            ends.client().write("unread").sync();
            server.channel().read();
            assertThat(server.next()).isEqualTo("unread");
            ends.client().write("last words").sync();
            if (connectionIsLost) {
                mesh.clientConnections.get(0).close().sync();
            } else {
                ends.client().channel().close().sync();
            }
            Throwable failure = null;
            while (failure == null) {
                failure = server.write("x").await().cause();
            }
            assertThat(failure).isInstanceOf(ChannelOutputShutdownException.class).hasCauseInstanceOf(TunnelResetException.class);
            server.channel().read();
            assertThat(server.next()).isEqualTo("last words");
            assertThat(server.next()).startsWith("reset: ");
            assertThat(server.next()).isEqualTo("inactive");
        }
    }

    @Test
    void theEndComesBeforeTheReset() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh, () -> new Recorder(true, false)).open();
            ends.client().write("all").sync();
            ends.client().channel().shutdownOutput().sync();
            ends.client().channel().close().sync();
            while (ends.server().write("x").await().isSuccess()) {
                // the reset is on its way
            }
            ends.server().channel().config().setAutoRead(true);
            ends.server().expect("all", "EOF", "EOF-complete");
            assertThat(ends.server().next()).startsWith("reset: ");
        }
    }

    @Test
    void whatCameWithTheAnswerIsReadBeforeTheReset() throws Exception {
        try (Mesh mesh = new Mesh()) {
            DevelopmentCa ca = mesh.ca;
            try (EvilServer server = new EvilServer(tcp -> {
                RawPeer peer = RawPeer.accept(tcp, ca.certificate(Mesh.SERVER), true, "TLSv1.3", "h2");
                peer.readPreface();
                peer.send(4, 0, 0);
                assertThat(peer.next().type()).isEqualTo(1);
                ByteArrayOutputStream frames = new ByteArrayOutputStream();
                frames.write(RawPeer.frame(1, 4, 1, (byte) 0x88));
                frames.write(RawPeer.frame(0, 0, 1, "early".getBytes(US_ASCII)));
                frames.write(RawPeer.frame(3, 0, 1, (byte) 0, (byte) 0, (byte) 0, (byte) 8));
                peer.raw(frames.toByteArray());
            })) {
                Recorder client = mesh.open(mesh.pool(), server.address());
                assertThat(client.next()).isEqualTo("early");
                assertThat(client.next()).isEqualTo("reset: tunnel reset by the peer: CANCEL");
                mesh.clientConnections.get(0).close().sync();
            }
        }
    }

    /** The peer's process ends with something unread: its kernel sends what was written, and RST. The next write here fails. */
    @Test
    @SuppressWarnings("try") // the peer is closed in the middle
    void whatCameBeforeTheConnectionWasResetIsRead() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Recorder server = new Recorder();
            try (RawPeer peer = peerOf(server, mesh)) {
                server.write("unread").sync();
                CountDownLatch gone = new CountDownLatch(1);
                Future<?> busy = server.channel().eventLoop().submit(() -> {
                    gone.await();
                    server.write("fails");
                    return null;
                });
                peer.send(0, 0, 1, "last words".getBytes(US_ASCII));
                peer.close();
                gone.countDown();
                busy.sync();
                assertThat(server.next()).isEqualTo("last words");
                assertThat(server.next()).startsWith("reset: the HBONE connection");
            }
        }
    }

    @Test
    void withoutHalfClosureThePeersEndClosesInOrder() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh, () -> new Recorder(false, true)).open();
            ends.client().write("bye");
            ends.client().channel().shutdownOutput();
            ends.server().expect("bye", "inactive");
            ends.client().expect("EOF", "EOF-complete", "inactive");
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
                Recorder far = ends.side(!clientSide);
                assertThat(far.next()).startsWith("reset: the HBONE connection");
                assertThat(far.next()).isEqualTo("inactive");
            }
        }
    }

    @Test
    void noErrorAfterTheEndIsAnOrdinaryClose() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Recorder server = new Recorder();
            try (RawPeer peer = peerOf(server, mesh)) {
                peer.send(0, 1, 1, "all".getBytes(US_ASCII));
                peer.send(3, 0, 1, new byte[4]);
                server.expect("all", "EOF", "EOF-complete", "inactive");
            }
        }
    }

    @Test
    void closingAfterThePeersEndIsInOrder() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            ends.client().channel().shutdownOutput().sync();
            ends.server().expect("EOF", "EOF-complete");
            ends.server().write("answer").sync();
            ends.server().channel().close();
            ends.client().expect("answer", "EOF", "EOF-complete", "inactive");
        }
    }

    @Test
    void lingerZeroIsAResetEvenAfterThePeersEnd() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pair.Ends ends = new Pair(mesh).open();
            ends.client().channel().shutdownOutput().sync();
            ends.server().expect("EOF", "EOF-complete");
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
            ends.server().expect("all", "EOF", "EOF-complete");
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

    /** Returns a peer whose tunnel, in stream 1, the server has accepted. */
    private static RawPeer peerOf(Recorder server, Mesh mesh) throws Exception {
        RawPeer peer = RawPeer.http2(mesh, mesh.serve(request -> Mesh.accept(request, server)));
        peer.headers(1, false, ":method", "CONNECT", ":authority", "10.0.0.1:80");
        assertThat(peer.next().type()).isEqualTo(1);
        return peer;
    }
}

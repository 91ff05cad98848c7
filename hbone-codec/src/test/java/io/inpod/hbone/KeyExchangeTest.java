package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.inpod.hbone.server.HboneServer;
import io.netty.handler.ssl.OpenSsl;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The negotiated key exchange, read off the wire: a ServerHello isn't encrypted (RFC 8446 section 4.1.3). */
@Timeout(60)
class KeyExchangeTest {
    private static final int X25519_MLKEM768 = 0x11ec;
    private static final int X25519 = 0x1d;
    private static final int P256 = 0x17;
    private static final int KEY_SHARE = 51;

    @BeforeEach
    void bothSidesAreBoringSsl() {
        assumeTrue(OpenSsl.isAvailable(), "X25519MLKEM768 needs BoringSSL");
    }

    private static InetSocketAddress serve(Mesh mesh, String... groups) throws Exception {
        HboneTls tls = groups.length == 0 ? HboneTls.DEFAULT : HboneTls.DEFAULT.withGroups(List.of(groups));
        return mesh.serve(new HboneServer(mesh.ca, HboneOptions.server().with(tls), HboneEvents.NONE), Mesh.echo());
    }

    private static List<Integer> groups(Mesh mesh, InetSocketAddress server, HboneTls client) throws Exception {
        try (TcpTap wire = new TcpTap(server)) {
            Recorder tunnel = mesh.open(mesh.pool(HboneOptions.client().with(client)), wire.address());
            tunnel.write("hello");
            assertThat(tunnel.next()).isEqualTo("hello");
            return groups(wire.connections.get(0).fromServer());
        }
    }

    /** Returns the groups of all ServerHello messages. The last one counts; an earlier one is a HelloRetryRequest. */
    private static List<Integer> groups(byte[] fromServer) {
        List<Integer> groups = new ArrayList<>();
        ByteBuffer records = ByteBuffer.wrap(fromServer);
        while (records.remaining() > 5) {
            int type = records.get();
            records.getShort();
            int length = records.getShort() & 0xffff;
            if (length > records.remaining()) {
                break;
            }
            ByteBuffer record = records.slice().limit(length);
            records.position(records.position() + length);
            if (type == 22 && record.get() == 2) {
                record.position(4 + 2 + 32);
                record.position(record.position() + 1 + record.get(record.position()) + 2 + 1 + 2);
                while (record.hasRemaining()) {
                    int extension = record.getShort();
                    int size = record.getShort();
                    if (extension == KEY_SHARE) {
                        groups.add((int) record.getShort(record.position()));
                    }
                    record.position(record.position() + size);
                }
            }
        }
        return groups;
    }

    @Test
    void hybridBetweenTwoOfUs() throws Exception {
        try (Mesh mesh = new Mesh()) {
            assertThat(groups(mesh, serve(mesh), HboneTls.DEFAULT)).containsExactly(X25519_MLKEM768);
        }
    }

    @Test
    void withAServerThatHasNone() throws Exception {
        try (Mesh mesh = new Mesh()) {
            assertThat(groups(mesh, serve(mesh, "X25519", "P-256"), HboneTls.DEFAULT)).last().isEqualTo(X25519);
            assertThat(groups(mesh, serve(mesh, "P-256"), HboneTls.DEFAULT)).last().isEqualTo(P256);
        }
    }

    @Test
    void withAClientThatHasNone() throws Exception {
        try (Mesh mesh = new Mesh()) {
            InetSocketAddress server = serve(mesh);
            assertThat(groups(mesh, server, HboneTls.DEFAULT.withGroups(List.of("X25519")))).last().isEqualTo(X25519);
            assertThat(groups(mesh, server, HboneTls.DEFAULT.withGroups(List.of("P-256")))).last().isEqualTo(P256);
        }
    }

    /** Uses the JDK's implementation as the peer. */
    @Test
    void withTheJdksTls() throws Exception {
        try (Mesh mesh = new Mesh(); TcpTap wire = new TcpTap(serve(mesh))) {
            try (SSLSocket client = RawPeer.connect(wire.address(), mesh.ca.certificate(Mesh.CLIENT), "h2")) {
                client.startHandshake();
                assertThat(client.getInputStream().read()).as("the first byte of SETTINGS").isZero();
            }
            assertThat(groups(wire.connections.get(0).fromServer())).last().isIn(X25519, P256);
        }
        try (Mesh mesh = new Mesh(); EvilServer server = new EvilServer(tcp -> {
            RawPeer peer = RawPeer.accept(tcp, mesh.ca.certificate(Mesh.SERVER), true, "TLSv1.3", "h2");
            Attack.request(peer);
            peer.headers(1, false, ":status", "200");
        }); TcpTap wire = new TcpTap(server.address())) {
            mesh.open(mesh.pool(), wire.address());
            assertThat(groups(wire.connections.get(0).fromServer())).last().isIn(X25519, P256);
        }
    }
}

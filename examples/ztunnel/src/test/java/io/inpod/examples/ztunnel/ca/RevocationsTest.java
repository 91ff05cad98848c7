package io.inpod.examples.ztunnel.ca;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.identity.SpiffeId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which connections a change of the lists ends. What they have shown decides, not which certificate a pod has now, if it has one. */
class RevocationsTest {
    private static final SpiffeId POD = SpiffeId.parse("spiffe://cluster.local/ns/default/sa/pod");
    private static final SpiffeId PEER = SpiffeId.parse("spiffe://cluster.local/ns/default/sa/peer");
    private final TestAuthority root = TestAuthority.root("root");
    private final TestAuthority intermediate = root.intermediate("istiod");

    RevocationsTest() throws Exception {}

    private X509Certificate leaf(SpiffeId identity) throws Exception {
        return intermediate.workload(identity.toString(), KeyPairGenerator.getInstance("EC").generateKeyPair().getPublic(), Instant.now().minusSeconds(10),
                Instant.now().plusSeconds(60));
    }

    private ConnectionIdentities connection(X509Certificate own, X509Certificate peer) throws Exception {
        return new ConnectionIdentities(POD, own.getSerialNumber(), PEER, peer.getSerialNumber(), List.of(peer, intermediate.certificate()),
                List.of(own, intermediate.certificate()), List.of(root.certificate()));
    }

    @Test
    void thePeersCertificateCountsAndOurs(@TempDir Path home) throws Exception {
        Path file = Files.writeString(home.resolve("crl.pem"), "");
        Revocations revocations = Revocations.read(file);
        List<Predicate<ConnectionIdentities>> cuts = new ArrayList<>();
        assertThat(revocations.look(cuts::add)).isFalse();
        assertThat(cuts).isEmpty();

        X509Certificate own = leaf(POD);
        X509Certificate peer = leaf(PEER);
        Files.writeString(file, TestAuthority.pem(intermediate.revoking(own, peer)));
        while (!revocations.look(cuts::add)) { // a file is read when it is the same twice
            assertThat(cuts).isEmpty();
        }
        assertThat(cuts.get(0).test(connection(own, leaf(PEER)))).isTrue();
        assertThat(cuts.get(0).test(connection(leaf(POD), peer))).isTrue();
        assertThat(cuts.get(0).test(connection(leaf(POD), leaf(PEER)))).isFalse();

        Files.writeString(file, TestAuthority.pem(root.revoking(intermediate.certificate())));
        cuts.clear();
        while (!revocations.look(cuts::add)) {
            assertThat(cuts).isEmpty();
        }
        assertThat(cuts.get(0).test(connection(leaf(POD), leaf(PEER)))).as("an intermediate one").isTrue();
    }
}

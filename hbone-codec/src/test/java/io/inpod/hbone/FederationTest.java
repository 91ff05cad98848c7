package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.FederatedCertificates;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.hbone.server.AcceptedClients;
import io.inpod.hbone.server.HboneServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two trust domains with a root each, and identities of any path. */
@Timeout(60)
class FederationTest {
    private static final SpiffeId FOREIGN = SpiffeId.parse("spiffe://other.example/ns/a/sa/client");
    private static final SpiffeId WEB = SpiffeId.parseAnyPath("spiffe://cluster.local/region/eu/web");
    private static final AcceptedClients BOTH = AcceptedClients.of("cluster.local", "other.example");
    private Mesh mesh;
    private DevelopmentCa other;
    private CertificateSource federated;

    @BeforeEach
    void twoDomains() throws Exception {
        mesh = new Mesh();
        other = DevelopmentCa.open(mesh.directory.resolve("other"));
        federated = new FederatedCertificates(mesh.ca, Map.of("other.example", roots(other)));
    }

    @AfterEach
    void close() throws IOException {
        mesh.close();
    }

    private static List<X509Certificate> roots(DevelopmentCa ca) throws IOException {
        return ca.certificate(FOREIGN).trustAnchors();
    }

    private InetSocketAddress serve(CertificateSource source, AcceptedClients clients) throws Exception {
        HboneServer server = new HboneServer(source, HboneOptions.server(), Mesh.events(mesh.serverEvents));
        return mesh.listen(server.handler(Mesh.SERVER, clients, Mesh.echo()));
    }

    private void open(CertificateSource source, SpiffeId client, SpiffeId server, InetSocketAddress address) throws Throwable {
        try {
            mesh.start(mesh.pool(source, HboneOptions.client()), new HboneDestination(client, Set.of(server), address, null), new Recorder())
                    .get(Mesh.PATIENCE, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause();
        }
    }

    private String event() throws InterruptedException {
        return String.valueOf(mesh.serverEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS));
    }

    @Test
    void eachDomainHasItsOwnRoots() throws Throwable {
        InetSocketAddress address = serve(federated, BOTH);
        open(new FederatedCertificates(other, Map.of("cluster.local", roots(mesh.ca))), FOREIGN, Mesh.SERVER, address);
        open(federated, Mesh.CLIENT, Mesh.SERVER, address);

        // Without federation, the other domain's root isn't known.
        assertThatThrownBy(() -> open(other, FOREIGN, Mesh.SERVER, address)).isInstanceOf(IOException.class).hasMessageContaining("chain isn't valid");
    }

    @Test
    void aRootCantVouchForAnotherDomain() throws Exception {
        InetSocketAddress address = serve(federated, BOTH);
        // Our root, which everybody here knows, with an identity of the other domain; and the other way round.
        assertThatThrownBy(() -> open(mesh.ca, FOREIGN, Mesh.SERVER, address)).isInstanceOf(IOException.class);
        assertThat(event()).contains("chain isn't valid");
        CertificateSource forged = id -> {
            WorkloadCertificate theirs = other.certificate(id);
            return new WorkloadCertificate(theirs.privateKey(), theirs.chain(), mesh.ca.certificate(id).trustAnchors());
        };
        assertThatThrownBy(() -> open(forged, Mesh.CLIENT, Mesh.SERVER, address)).isInstanceOf(IOException.class);
        assertThat(event()).contains("chain isn't valid");
    }

    @Test
    void aDomainWithoutBundleIsRefused() throws Exception {
        InetSocketAddress address = serve(federated, AcceptedClients.of("cluster.local", "third.example"));
        assertThatThrownBy(() -> open(mesh.ca, SpiffeId.parse("spiffe://third.example/ns/a/sa/b"), Mesh.SERVER, address)).isInstanceOf(IOException.class);
        assertThat(event()).contains("there is no bundle of the trust domain of spiffe://third.example/ns/a/sa/b, only of [cluster.local, other.example]");
        // A bundle alone doesn't make a domain's clients welcome.
        assertThatThrownBy(() -> open(new FederatedCertificates(other, Map.of("cluster.local", roots(mesh.ca))), FOREIGN, Mesh.SERVER, address))
                .isInstanceOf(IOException.class);
        assertThat(event()).contains("expected a peer of trust domain one of", "got " + FOREIGN);
    }

    @Test
    void replacedBundlesApplyToNewConnections() throws Throwable {
        FederatedCertificates changing = new FederatedCertificates(mesh.ca, Map.of("other.example", roots(mesh.ca)));
        InetSocketAddress address = serve(changing, BOTH);
        CertificateSource client = new FederatedCertificates(other, Map.of("cluster.local", roots(mesh.ca)));
        assertThatThrownBy(() -> open(client, FOREIGN, Mesh.SERVER, address)).isInstanceOf(IOException.class);
        WorkloadCertificate before = changing.certificate(Mesh.SERVER);
        assertThat(changing.certificate(Mesh.SERVER)).isSameAs(before);
        changing.replace(Map.of("other.example", roots(other)));
        assertThat(changing.certificate(Mesh.SERVER)).isNotSameAs(before);
        open(client, FOREIGN, Mesh.SERVER, address);
    }

    @Test
    void anyPathIsAcceptedWhereItIsAskedFor() throws Throwable {
        InetSocketAddress strict = serve(mesh.ca, AcceptedClients.of("cluster.local"));
        assertThatThrownBy(() -> open(mesh.ca, WEB, Mesh.SERVER, strict)).isInstanceOf(IOException.class);
        assertThat(event()).contains("not of the form spiffe://<trust domain>/ns/<namespace>/sa/<service account>", WEB.toString());
        open(mesh.ca, WEB, Mesh.SERVER, serve(mesh.ca, AcceptedClients.of("cluster.local").withAnyPath()));

        HboneServer server = new HboneServer(mesh.ca);
        open(mesh.ca, WEB, Mesh.SERVER, mesh.listen(server.handler(Mesh.SERVER, Set.of(WEB), Mesh.echo())));
        InetSocketAddress web = mesh.listen(server.handler(WEB, Mesh.echo()));
        open(mesh.ca, Mesh.CLIENT, WEB, web);
        assertThatThrownBy(() -> open(mesh.ca, Mesh.CLIENT, Mesh.SERVER, web)).hasMessageContaining("expected peer " + Mesh.SERVER + ", got " + WEB);
    }

    @Test
    void badInputIsNamed() throws Exception {
        assertThatIllegalArgumentException().isThrownBy(() -> AcceptedClients.of()).withMessageContaining("trustDomains must name at least one");
        assertThatIllegalArgumentException().isThrownBy(() -> AcceptedClients.of("Upper")).withMessageContaining("trust domain").withMessageContaining("Upper");
        assertThatIllegalArgumentException().isThrownBy(() -> new FederatedCertificates(mesh.ca, Map.of())).withMessageContaining("bundles must have");
        assertThatIllegalArgumentException().isThrownBy(() -> new FederatedCertificates(mesh.ca, Map.of("other.example", List.of())))
                .withMessageContaining("that of other.example is empty");
        WorkloadCertificate ours = mesh.ca.certificate(Mesh.CLIENT);
        assertThatIllegalArgumentException().isThrownBy(() -> ours.withFederated(Map.of("other.example", List.of()))).withMessageContaining("other.example");
    }
}

package io.inpod.examples.ztunnel.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownCertificatesTest {
    private static final SpiffeId ID = SpiffeId.parse("spiffe://td/ns/a/sa/b");

    @Test
    void itSaysWhatItHasGivenAndWhyItHasNot(@TempDir Path home) throws Exception {
        DevelopmentCa ca = DevelopmentCa.open(home);
        CompletableFuture<WorkloadCertificate> late = new CompletableFuture<>();
        KnownCertificates known = new KnownCertificates(new CertificateSource() {
            @Override
            public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
                throw new IOException("the CA is away");
            }

            @Override
            public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
                return late;
            }
        });
        CompletionStage<WorkloadCertificate> requested = known.request(ID);
        assertThat(known.known(Set.of(ID))).containsEntry(ID.toString(), new KnownCertificates.Known(null, null));
        WorkloadCertificate certificate = ca.certificate(ID);
        late.complete(certificate);
        assertThat(requested.toCompletableFuture().get()).isSameAs(certificate);
        assertThatThrownBy(() -> known.certificate(ID)).isInstanceOf(NoCertificateException.class).hasMessage("the CA is away");
        assertThat(known.known(Set.of(ID))).as("the last one, and why there is no other")
                .containsEntry(ID.toString(), new KnownCertificates.Known(certificate, "the CA is away"));
        assertThat(known.failures()).isOne();
        assertThat(known.known(Set.of())).as("no pod has it").isEmpty();
    }

    @Test
    void aFailureIsAnIdentitysNotThePeers() {
        KnownCertificates known = new KnownCertificates(identity -> {
            throw new IOException("no");
        });
        assertThatThrownBy(() -> known.request(ID).toCompletableFuture().get()).isInstanceOf(ExecutionException.class)
                .satisfies(failure -> assertThat(ResponseFlag.of(new IOException("HBONE", failure), true)).isEqualTo(ResponseFlag.IDENTITY_ERROR));
    }
}

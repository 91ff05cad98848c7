package io.inpod.examples.ztunnel.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnCertificatesTest {
    private static final SpiffeId ID = SpiffeId.parse("spiffe://td/ns/a/sa/b");

    @Test
    void aFailureIsAnIdentitysNotThePeers() {
        OwnCertificates own = new OwnCertificates(identity -> {
            throw new IOException("the CA is away");
        });
        assertThatThrownBy(() -> own.certificate(ID)).isInstanceOf(NoCertificateException.class).hasMessage("the CA is away");
        assertThatThrownBy(() -> own.request(ID).toCompletableFuture().get()).isInstanceOf(ExecutionException.class)
                .satisfies(failure -> assertThat(ResponseFlag.of(new IOException("HBONE", failure), true)).isEqualTo(ResponseFlag.IDENTITY_ERROR));
        assertThat(own.failures()).isEqualTo(2);
    }

    @Test
    void certificatesPass(@TempDir Path home) throws Exception {
        DevelopmentCa ca = DevelopmentCa.open(home);
        OwnCertificates own = new OwnCertificates(ca);
        assertThat(own.certificate(ID).chain()).isEqualTo(ca.certificate(ID).chain());
        assertThat(own.failures()).isZero();
    }
}

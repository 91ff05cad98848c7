package io.inpod.hbone.internal.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.HboneTls;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.TestCertificates;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsContextsTest {
    private static final SpiffeId US = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/us");
    private static final SpiffeId THEM = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/them");
    private static final PeerRule OURS = new PeerRule.Domains(Set.of("cluster.local"), false);

    /** Creating a context takes up to milliseconds, so there is one per certificate and expectation, not one per connection. */
    @Test
    void oneContextPerCertificateAndExpectation(@TempDir Path directory) throws Exception {
        WorkloadCertificate first = DevelopmentCa.open(directory.resolve("ca")).certificate(US);
        WorkloadCertificate second = TestCertificates.issue(directory.resolve("ca"), List.of(US.toString()));
        TlsContexts contexts = new TlsContexts(HboneTls.DEFAULT);
        assertThat(contexts.client(first, US, Set.of(THEM))).isSameAs(contexts.client(first, US, Set.of(THEM)))
                .isNotSameAs(contexts.client(first, US, Set.of(US)))
                .isNotSameAs(contexts.client(second, US, Set.of(THEM)));
        assertThat(contexts.server(first, US, OURS)).isSameAs(contexts.server(first, US, OURS))
                .isNotSameAs(contexts.server(first, US, new PeerRule.OneOf(Set.of(THEM))))
                .isNotSameAs(contexts.client(first, US, Set.of(THEM)))
                .isNotSameAs(contexts.server(second, US, OURS));
        assertThatThrownBy(() -> contexts.client(first, US, Set.of())).isInstanceOf(IOException.class).hasMessageContaining("doesn't mean anyone");
        assertThatThrownBy(() -> contexts.server(first, THEM, OURS)).isInstanceOf(IOException.class)
                .hasMessageContaining("was asked for " + THEM + " and returned " + US);
    }
}

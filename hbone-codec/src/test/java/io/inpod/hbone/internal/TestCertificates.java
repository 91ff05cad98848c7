package io.inpod.hbone.internal;

import io.inpod.hbone.WorkloadCertificate;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/** Certificates that the development CA would never issue. */
public final class TestCertificates {
    private TestCertificates() { }

    public static WorkloadCertificate issue(Path directory, List<String> uris) throws IOException {
        return LeafIssuer.issue(RootStore.loadOrCreate(directory, Clock.systemUTC()), uris, Clock.systemUTC().instant(), Duration.ofHours(1));
    }
}

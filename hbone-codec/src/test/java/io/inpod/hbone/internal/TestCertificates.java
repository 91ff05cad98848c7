package io.inpod.hbone.internal;

import io.inpod.hbone.WorkloadCertificate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Certificates that the development CA would never issue. */
public final class TestCertificates {
    private TestCertificates() { }

    public static WorkloadCertificate issue(Path directory, List<String> uris) throws IOException {
        return LeafIssuer.issue(RootStore.loadOrCreate(directory, Clock.systemUTC()), uris, Clock.systemUTC().instant(), Duration.ofHours(1));
    }

    /** One whose life isn't now. */
    public static WorkloadCertificate issue(Path directory, String uri, Instant notBefore, Duration lifetime) throws IOException {
        return LeafIssuer.issue(RootStore.loadOrCreate(directory, Clock.systemUTC()), List.of(uri), notBefore, lifetime);
    }

    /** One made by openssl, with any subject alternative name that it understands ("" for none). */
    public static WorkloadCertificate openssl(Path ca, Path scratch, String name) throws IOException, InterruptedException {
        Files.writeString(scratch.resolve("ext"), name.isEmpty() ? "basicConstraints=CA:FALSE\n" : "subjectAltName=" + name + "\n");
        run(scratch, "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=x", "-keyout", "key", "-out", "req");
        run(scratch, "openssl", "x509", "-req", "-in", "req", "-CA", ca.resolve("root-cert.pem").toString(), "-CAkey", ca.resolve("root-key.pem").toString(),
                "-days", "1", "-extfile", "ext", "-out", "cert", "-CAserial", "serial", "-CAcreateserial");
        run(scratch, "openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "key", "-out", "key8");
        return new WorkloadCertificate(Pem.readKey(scratch.resolve("key8")), List.of(Pem.readCertificate(scratch.resolve("cert"))),
                List.of(Pem.readCertificate(ca.resolve("root-cert.pem"))));
    }

    private static void run(Path directory, String... command) throws IOException, InterruptedException {
        Process p = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (p.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said);
        }
    }
}

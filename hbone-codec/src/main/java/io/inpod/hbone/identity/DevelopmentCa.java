package io.inpod.hbone.identity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A certificate authority for development and tests: a root in a directory, and certificates for any identity. A user who can read the
 * directory can assume any identity, so it isn't suitable for production.
 *
 * <p>Processes that share the directory share the root ({@code root-cert.pem}, {@code root-key.pem}; ECDSA P-256). A root of your own can
 * be put there instead: a self-signed authority with an ECDSA key, or an RSA key of at least 2,048 bits, in PKCS#8 PEM. Certificates are
 * issued in memory, in about a millisecond. They are valid for 24 hours, but not longer than the root, and renewed at half of that.
 * Requires BouncyCastle, {@code org.bouncycastle:bcpkix-jdk18on}, whose version the BOM {@code io.inpod:inpod-bom} manages. Thread-safe.
 */
public final class DevelopmentCa implements CertificateSource {
    private static final Duration LIFETIME = Duration.ofHours(24);

    private final RootStore.Root root;
    private final Path directory;
    private final Clock clock;
    private final Map<SpiffeId, Issued> issued = new ConcurrentHashMap<>();

    private record Issued(WorkloadCertificate certificate, Instant renewal) {}

    private DevelopmentCa(RootStore.Root root, Path directory, Clock clock) {
        this.root = root;
        this.directory = directory;
        this.clock = clock;
    }

    /**
     * Opens the authority in a directory, and creates both if they are missing. Blocks on files, so it must not be called on an event loop.
     *
     * @param directory must belong to the caller, have mode 0700, and not be a symbolic link; created if it is missing
     * @return the authority
     * @throws IOException if the directory or its files can't be trusted or written, the root can't issue certificates that peers would
     *     accept, or BouncyCastle is missing; the message says which, and what to do
     */
    public static DevelopmentCa open(Path directory) throws IOException {
        return open(directory, Clock.systemUTC());
    }

    static DevelopmentCa open(Path directory, Clock clock) throws IOException {
        requireBouncyCastle();
        Path checked = PrivateDirectory.ensure(Objects.requireNonNull(directory, "directory"));
        return new DevelopmentCa(RootStore.loadOrCreate(checked, clock), checked, clock);
    }

    /** It is an optional dependency; without this, its absence would be noticed later, as a NoClassDefFoundError. */
    private static void requireBouncyCastle() throws IOException {
        for (String name : new String[] {"org.bouncycastle.cert.X509v3CertificateBuilder", "org.bouncycastle.asn1.x509.Extension"}) {
            try {
                Class.forName(name, false, DevelopmentCa.class.getClassLoader());
            } catch (ClassNotFoundException | LinkageError e) {
                throw new IOException("the development CA needs BouncyCastle: add org.bouncycastle:bcpkix-jdk18on to the dependencies"
                        + " (io.inpod:inpod-bom manages its version), and on a module path --add-modules org.bouncycastle.pkix; " + name
                        + " wasn't found", e);
            }
        }
    }

    /**
     * Returns the default directory: {@code $INPOD_CA_DIR}, else {@code /run/inpod/ca} for root, else
     * {@code $XDG_RUNTIME_DIR/inpod/ca}.
     *
     * @param env environment variables
     * @return the directory, which may not exist yet
     * @throws IOException if no rule applies
     */
    public static Path defaultDirectory(Map<String, String> env) throws IOException {
        String explicit = env.get("INPOD_CA_DIR");
        if (explicit != null && !explicit.isEmpty()) {
            return Path.of(explicit);
        }
        if (PrivateDirectory.ownUid() == 0) {
            return Path.of("/run/inpod/ca");
        }
        String runtime = env.get("XDG_RUNTIME_DIR");
        if (runtime == null || runtime.isEmpty()) {
            throw new IOException("no directory for the development CA: set INPOD_CA_DIR (or XDG_RUNTIME_DIR)");
        }
        return Path.of(runtime, "inpod", "ca");
    }

    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        Instant now = clock.instant();
        Issued current = issued.get(identity);
        if (current != null && now.isBefore(current.renewal)) {
            return current.certificate;
        }
        WorkloadCertificate fresh = LeafIssuer.issue(root, identity, now, LIFETIME);
        Instant end = fresh.chain().get(0).getNotAfter().toInstant(); // the root's, if that comes first
        Issued made = new Issued(fresh, now.plus(Duration.between(now, end).dividedBy(2)));
        // Two threads may both have issued one; all callers must get the same.
        Issued kept = issued.compute(identity, (id, other) -> other != null && now.isBefore(other.renewal) ? other : made);
        return kept.certificate;
    }

    /**
     * Issues a certificate to a peer in another process: writes it and its key as PEM files of mode 0600.
     *
     * @param identity the certificate's identity
     * @param chain the file for the certificate chain, replaced if it exists
     * @param key the file for the PKCS#8 key, replaced if it exists
     * @throws IOException if the files can't be written
     */
    public void issueTo(SpiffeId identity, Path chain, Path key) throws IOException {
        WorkloadCertificate fresh = LeafIssuer.issue(root, identity, clock.instant(), LIFETIME);
        Pem.write(key, Pem.encode(fresh.privateKey()));
        Pem.write(chain, Pem.encode(fresh.chain()));
    }

    /**
     * Returns the root's certificate, for peers that are to trust it.
     *
     * @return the PEM file
     */
    public Path rootCertificate() {
        return directory.resolve(RootStore.CERTIFICATE_FILE);
    }
}

package io.inpod.examples.ztunnel.ca;

import io.inpod.examples.ztunnel.config.CaConfig;
import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.HboneTls;
import io.inpod.hbone.identity.CertificateFetcher;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.CertificateStatus;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.RevocationLists;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the pods' certificates come from, and which of their peers' count. Only identities of pods that are served are asked for, from when
 * a pod is served until the last one with its identity is gone; keys are in memory alone. Thread-safe.
 */
public final class Certificates implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("ca");
    private static final int SECONDS = 1;
    private static final int MOST_BUNDLES = 16;

    private final CertificateFetcher source;
    private final @Nullable RemoteCa ca;
    private final @Nullable Revocations revocations;
    private final HboneTls tls;
    private final Set<Set<X509Certificate>> bundles = new HashSet<>();

    private Certificates(CertificateFetcher.Fetch fetch, @Nullable RemoteCa ca, @Nullable Revocations revocations, HboneTls tls,
            ScheduledExecutorService control) {
        this.ca = ca;
        this.revocations = revocations;
        this.tls = tls;
        this.source = CertificateFetcher.ofUsed(identity -> observed(identity, fetch.fetch(identity), control), control);
    }

    /**
     * Opens the source that the configuration names. All of its threads are started here.
     *
     * @param config the configuration
     * @param environment where the development CA is
     * @param control schedules renewals, and looks at files
     * @return the source
     * @throws ConfigException if the TLS library can't do what the configuration asks for
     * @throws IOException if a file can't be read or the development CA not be opened
     */
    public static Certificates open(ProxyConfig config, Map<String, String> environment, ScheduledExecutorService control)
            throws ConfigException, IOException {
        Revocations revocations = config.crl() == null ? null : revocations(config.crl());
        Supplier<RevocationLists> lists = revocations == null ? () -> RevocationLists.NONE : revocations::lists;
        HboneTls tls = HboneTls.DEFAULT.withTls12(config.tls12()).withRevocations(lists);
        if (config.postQuantum()) {
            requirePostQuantum();
            tls = tls.withGroups(config.groups());
        }
        CaConfig ca = config.ca();
        if (ca == null) {
            return new Certificates(development(environment)::request, null, revocations, tls, control);
        }
        RemoteCa remote = RemoteCa.open(ca, config.groups());
        LOG.info("certificates come from {}", ca.server());
        return new Certificates(remote, remote, revocations, tls, control);
    }

    /** Otherwise the library would choose other groups. */
    private static void requirePostQuantum() throws ConfigException {
        try {
            SslContextBuilder.forClient().sslProvider(SslProvider.OPENSSL)
                    .option(OpenSslContextOption.GROUPS, ProxyConfig.POST_QUANTUM.toArray(new String[0])).build();
        } catch (SSLException | RuntimeException | LinkageError e) {
            throw new ConfigException(
                    "COMPLIANCE_POLICY=pqc can't be kept: the TLS library doesn't have " + ProxyConfig.POST_QUANTUM.get(0), e);
        }
    }

    private static Revocations revocations(Path file) throws IOException {
        try {
            return Revocations.read(file);
        } catch (IOException e) {
            throw new IOException("CRL_PATH: " + e.getMessage(), e);
        }
    }

    private static DevelopmentCa development(Map<String, String> environment) throws IOException {
        Path directory = DevelopmentCa.defaultDirectory(environment);
        DevelopmentCa ca = DevelopmentCa.open(directory);
        LOG.warn("FAKE_CA=true: identities come from a DEVELOPMENT CA in {}; anyone who can read that directory can assume any identity. "
                + "Not for production", directory);
        return ca;
    }

    private CompletionStage<WorkloadCertificate> observed(SpiffeId identity, CompletionStage<WorkloadCertificate> fetched,
            Executor control) {
        return fetched.whenComplete((certificate, failure) -> {
            if (certificate != null) {
                LOG.debug("{}: {}", identity, certificate);
                if (isNews(certificate)) {
                    LOG.info("the CA has other roots now: all certificates are renewed");
                    control.execute(source::renewAll); // not here, where this one counts as being fetched
                }
            } else {
                LOG.warn("the certificate of {} can't be fetched, and is tried again: {}", identity, failure.getMessage());
            }
        });
    }

    /** Whether the CA has sent roots that it hasn't sent before. Servers that disagree for a while must not cause renewals forever. */
    private synchronized boolean isNews(WorkloadCertificate certificate) {
        boolean first = bundles.isEmpty();
        return bundles.size() < MOST_BUNDLES && bundles.add(Set.copyOf(certificate.trustAnchors())) && !first;
    }

    /** {@return the certificates, for connections} */
    public CertificateSource source() {
        return revocations == null ? source : new TrustedCertificates(source, revocations);
    }

    /** {@return how TLS is spoken between pods} */
    public HboneTls tls() {
        return tls;
    }

    /** {@return what is known of the identities of the pods on this node, in the order of their names} */
    public List<CertificateStatus> statuses() {
        return source.statuses().stream().sorted(Comparator.comparing(status -> status.identity().toString())).toList();
    }

    /**
     * Begins to look at the files that may change: the CA's roots and the revocation lists.
     *
     * @param control looks at them
     * @param cut ends the connections of which a certificate has been revoked
     */
    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing
    public void watch(ScheduledExecutorService control, Consumer<Predicate<ConnectionIdentities>> cut) {
        control.scheduleWithFixedDelay(() -> look(cut), SECONDS, SECONDS, TimeUnit.SECONDS);
    }

    private void look(Consumer<Predicate<ConnectionIdentities>> cut) {
        try {
            if (ca != null && ca.look()) {
                LOG.info("the roots that vouch for the CA have changed: it is connected to anew, and all certificates are renewed");
                source.renewAll();
            }
        } catch (IOException e) {
            LOG.error("{}; what it said before counts", e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.error("an unexpected error", e);
        }
        try {
            if (revocations != null) {
                renewRevoked(revocations, revocations.look(cut));
            }
        } catch (IOException e) {
            LOG.error("CRL_PATH: {}; what it said before counts", e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.error("an unexpected error", e);
        }
    }

    /** A pod whose own certificate is revoked can't speak to anybody until it has another one. */
    private void renewRevoked(Revocations lists, boolean haveChanged) {
        if (haveChanged
                && source.statuses().stream().map(CertificateStatus::certificate).filter(Objects::nonNull).anyMatch(lists::revokes)) {
            LOG.warn("certificates of pods on this node have been revoked: all are renewed");
            source.renewAll();
        }
    }

    @Override
    public void close() {
        source.close();
        if (ca != null) {
            ca.close();
        }
    }
}

package io.inpod.hbone.spiffe;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.inpod.hbone.HboneTls;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509CRL;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The certificates that the SPIFFE Workload API grants this process: a SPIRE agent, for example, recognises the process by its unix socket,
 * and sends its SVIDs, their keys, and the bundles of roots. Thread-safe.
 *
 * <p>One call stays open, on which the agent sends everything again whenever something changes; new connections use it immediately. A peer
 * is checked against the bundle of its own trust domain only: ours, or one that the agent has federated
 * ({@link WorkloadCertificate#federated()}). If the call ends, another follows after one second, then after twice as long each time, up to
 * a minute (each ±20 %); meanwhile the certificates stay in force until they expire. What the agent sends counts as a whole: if a part of
 * it can't be used, nothing is replaced.
 *
 * @see <a href="https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Workload_API.md">SPIFFE Workload API</a>
 */
public final class WorkloadApiCertificates implements CertificateSource, AutoCloseable {
    /** One second. */
    static final long FIRST_BACKOFF_NANOS = 1_000_000_000L;

    private static final long LAST_BACKOFF_NANOS = 60_000_000_000L;
    private static final String UNIX = "unix:";

    private final String endpoint;
    private final EventLoop loop;
    private final ManagedChannel agent;
    private final Consumer<IOException> problems;
    private final Clock clock;
    private final long firstBackoff;
    private final Object lock = new Object();
    private volatile @Nullable SvidSet current;
    // Below: under the lock.
    private CompletableFuture<SvidSet> first = new CompletableFuture<>();
    private @Nullable IOException failure;
    private boolean closed;
    // Below: on the loop only.
    private @Nullable Future<?> retry;
    private int failures;

    private WorkloadApiCertificates(String endpoint, EventLoop loop, ManagedChannel agent, Consumer<IOException> problems, Clock clock,
            long firstBackoffNanos) {
        this.endpoint = endpoint;
        this.loop = loop;
        this.agent = agent;
        this.problems = problems;
        this.clock = clock;
        this.firstBackoff = firstBackoffNanos;
    }

    /**
     * Connects to an agent, and again until {@link #close}. Doesn't wait; {@link #identity()} does.
     *
     * @param loops event loops of the epoll transport; remain the caller's
     * @param endpoint the agent's address as in {@code SPIFFE_ENDPOINT_SOCKET}: {@code unix:///absolute/path}
     * @param problems is told why the agent can't be reached or doesn't answer, and what it sent that can't be used; called on an event
     *     loop; must not block or throw
     * @return a source for the identities that the agent grants
     * @throws IllegalArgumentException if the endpoint has another form
     */
    public static WorkloadApiCertificates open(EventLoopGroup loops, String endpoint, Consumer<IOException> problems) {
        return open(loops, endpoint, problems, Clock.systemUTC(), FIRST_BACKOFF_NANOS);
    }

    static WorkloadApiCertificates open(EventLoopGroup loops, String endpoint, Consumer<IOException> problems, Clock clock,
            long firstBackoffNanos) {
        Objects.requireNonNull(problems, "problems");
        DomainSocketAddress address = new DomainSocketAddress(path(endpoint).toFile());
        EventLoop loop = Objects.requireNonNull(loops, "loops").next();
        ManagedChannel agent = NettyChannelBuilder.forAddress(address).channelType(EpollDomainSocketChannel.class).eventLoopGroup(loop)
                .executor(loop).offloadExecutor(loop).usePlaintext().overrideAuthority("localhost")
                .withOption(ChannelOption.SO_KEEPALIVE, null) // which gRPC sets, and unix sockets don't have
                .build();
        WorkloadApiCertificates certificates = new WorkloadApiCertificates(endpoint, loop, agent, problems, clock, firstBackoffNanos);
        loop.execute(certificates::connect);
        return certificates;
    }

    private static Path path(String endpoint) {
        String path = Objects.requireNonNull(endpoint, "endpoint").startsWith(UNIX) ? endpoint.substring(UNIX.length()) : "";
        if (path.startsWith("//")) {
            path = path.substring(2);
        }
        if (!path.startsWith("/") || path.startsWith("//") || path.indexOf('?') >= 0 || path.indexOf('#') >= 0 || path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("endpoint must be unix:///absolute/path, without query or fragment: " + endpoint);
        }
        return Path.of(path);
    }

    /**
     * Returns the endpoint that the environment names.
     *
     * @param env environment variables
     * @return the value of {@code SPIFFE_ENDPOINT_SOCKET}
     * @throws IOException if the variable isn't set
     */
    public static String defaultEndpoint(Map<String, String> env) throws IOException {
        String endpoint = env.get("SPIFFE_ENDPOINT_SOCKET");
        if (endpoint == null || endpoint.isEmpty()) {
            throw new IOException("where the SPIFFE Workload API is, isn't known: set SPIFFE_ENDPOINT_SOCKET to unix:///path");
        }
        return endpoint;
    }

    /**
     * Returns the identity that the agent names first, which is the default one, as soon as it is known.
     *
     * @return completes on an event loop; fails with an {@link IOException} that says why the agent didn't send any
     */
    public CompletionStage<SpiffeId> identity() {
        return known().thenApply(SvidSet::first);
    }

    /** {@return the identities that the agent grants at present, the default one first; empty before its first answer} */
    public Set<SpiffeId> identities() {
        SvidSet known = current;
        return known == null ? Set.of() : known.certificates().keySet();
    }

    /**
     * Returns the revocation lists that the agent has sent. They are checked if this method is given to {@link HboneTls#withCrls}, which
     * then refuses peers that no list covers.
     *
     * @return the lists, usually none
     */
    public Collection<X509CRL> crls() {
        SvidSet known = current;
        return known == null ? List.of() : known.crls();
    }

    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        SvidSet known = current;
        if (known == null) {
            IOException why;
            synchronized (lock) {
                why = failure;
            }
            throw why != null ? new IOException(why.getMessage(), why) : new IOException(endpoint + " hasn't answered yet");
        }
        return certificate(known, identity);
    }

    private WorkloadCertificate certificate(SvidSet known, SpiffeId identity) throws IOException {
        WorkloadCertificate certificate = known.certificates().get(identity);
        if (certificate == null) {
            throw new IOException(endpoint + " grants " + known.certificates().keySet() + ", not " + identity);
        }
        Instant until = certificate.validUntil();
        if (clock.instant().isAfter(until)) {
            IOException why;
            synchronized (lock) {
                why = failure;
            }
            throw new IOException("the certificate of " + identity + " has expired at " + until + ", and " + endpoint
                    + " hasn't sent another one", why);
        }
        return certificate;
    }

    @Override
    public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        return known().thenCompose(known -> {
            try {
                return CompletableFuture.completedFuture(certificate(known, identity));
            } catch (IOException e) {
                return CompletableFuture.failedFuture(e);
            }
        });
    }

    /** What the agent has sent, or will send if it is being asked. */
    private CompletableFuture<SvidSet> known() {
        SvidSet known = current;
        if (known != null) {
            return CompletableFuture.completedFuture(known);
        }
        synchronized (lock) {
            if (failure != null) {
                return CompletableFuture.failedFuture(new IOException(failure.getMessage(), failure));
            }
            return first.thenApply(set -> set); // a copy, so that one caller's cancellation doesn't affect the others
        }
    }

    private void connect() {
        synchronized (lock) {
            if (closed) {
                return;
            }
        }
        agent.resetConnectBackoff(); // the delays are ours
        SvidStream.start(agent, new SvidStream.Receiver() {
            @Override
            public void received(byte[] response) {
                use(response);
            }

            @Override
            public void ended(Status status) {
                lost(status);
            }
        });
    }

    private void use(byte[] response) {
        SvidSet set;
        try {
            set = SvidSet.of(SvidMessage.read(new ByteArrayInputStream(response)), current);
        } catch (IOException | RuntimeException e) {
            fail(new IOException(endpoint + ": " + e.getMessage(), e));
            return;
        }
        failures = 0;
        current = set;
        CompletableFuture<SvidSet> waiting;
        synchronized (lock) {
            failure = null;
            waiting = first;
        }
        waiting.complete(set);
    }

    private void lost(Status status) {
        String said = status.getDescription() == null ? "" : ": " + status.getDescription();
        Throwable cause = status.getCause();
        boolean forGood = status.getCode() == Status.Code.INVALID_ARGUMENT; // Workload API, section 4.1: it would be the same again
        synchronized (lock) {
            if (closed) {
                return;
            }
        }
        fail(new IOException(
                endpoint + " has ended the call with " + status.getCode() + said + (cause == null ? "" : " (" + cause.getMessage() + ")")
                        + (forGood ? "; it isn't asked again" : ""),
                cause));
        if (!forGood) {
            long delay = Math.min(LAST_BACKOFF_NANOS, firstBackoff << Math.min(failures++, 20));
            double jitter = 0.8 + 0.4 * ThreadLocalRandom.current().nextDouble();
            retry = loop.schedule(this::connect, (long) (delay * jitter), TimeUnit.NANOSECONDS);
        }
    }

    private void fail(IOException why) {
        CompletableFuture<SvidSet> waiting;
        synchronized (lock) {
            failure = why;
            waiting = first;
            if (current == null) {
                first = new CompletableFuture<>();
            }
        }
        waiting.completeExceptionally(why); // does nothing if there are certificates
        problems.accept(why);
    }

    /** Ends the call. The certificates stay in force until they expire; they aren't replaced any more. */
    @Override
    public void close() {
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            failure = new IOException("the source of certificates from " + endpoint + " is closed");
            first.completeExceptionally(failure);
        }
        loop.execute(() -> {
            if (retry != null) {
                retry.cancel(false);
            }
            agent.shutdownNow();
        });
    }
}

package io.inpod.examples.ztunnel.xds;

import io.grpc.Metadata;
import io.grpc.Status;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryRequest;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.NodeApi;
import io.inpod.examples.ztunnel.config.ControlPlane;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.config.XdsConfig;
import io.inpod.examples.ztunnel.istiod.CallHeaders;
import io.inpod.examples.ztunnel.istiod.IstiodChannel;
import io.inpod.examples.ztunnel.istiod.Reading;
import io.inpod.examples.ztunnel.istiod.RootCertificates;
import io.inpod.examples.ztunnel.istiod.TokenNote;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.source.MeshSource;
import io.inpod.examples.ztunnel.source.SourceStatus;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mesh as a control plane describes it. One stream carries workloads, services and policies; if it ends, another follows, and meanwhile
 * the mesh stays as it is. The mesh counts from when the control plane has answered for all types: workloads whose policies aren't known
 * yet would accept too much. Each response is one change, except for what is {@linkplain HeldBack held back}.
 *
 * <p>A thread of its own reads responses and changes the mesh, another one has the connection. Both start with {@link #start}.
 */
public final class XdsSource implements MeshSource {
    private static final Logger LOG = LoggerFactory.getLogger("xds");
    private static final int SHOWN = 3;
    private static final int MOST_BYTES = 200 << 20;
    /** They wait outside the heap. Whoever sends as many as are long waits until one has been read. */
    private static final int MOST_WAITING = 16;
    private static final String EVERYTHING = "*";

    private final ProxyConfig config;
    private final XdsConfig settings;
    private final Limits limits;
    private final NodeApi.Node node;
    private final RootCertificates roots;
    private final ScheduledThreadPoolExecutor thread =
            new ScheduledThreadPoolExecutor(1, new DefaultThreadFactory("xds", true, Thread.MIN_PRIORITY));
    private final EventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("xds-connection", true, Thread.MIN_PRIORITY),
                    EpollIoHandler.newFactory());
    private final @Nullable OnDemand demand;
    private final AtomicBoolean telling = new AtomicBoolean();
    private final XdsCounters counters = new XdsCounters(List.of(AddressSet.TYPE, PolicySet.TYPE));
    private volatile @Nullable SourceStatus status;
    private volatile boolean closed;
    // Below: on the thread only.
    private final Map<String, ResourceSet> types = new LinkedHashMap<>();
    private final Backoff backoff;
    private @Nullable MeshState state;
    private final HeldBack mesh;
    private final Acknowledgements acknowledgements = new Acknowledgements();
    private String version = "";
    private long failures;
    private boolean complete;
    private @Nullable XdsStream stream;
    private @Nullable String disconnected;
    private boolean warned;
    private @Nullable String ending;

    /**
     * How long it waits for what, and what is too long.
     *
     * @param silence how long nothing may come of what was asked for
     * @param rootsInterval how often the file with the roots is looked at
     * @param policies how long workloads wait for policies that they newly name
     * @param lost within what time it first comes back to a server that it had: less than connections wait that need an answer
     * @param mostBytes how long a response may be
     * @param gathering for how long names that are needed are collected for one request, and responses that come one after the other
     */
    record Limits(Duration silence, Duration rootsInterval, Duration policies, Duration lost, int mostBytes, Duration gathering) {
        static final Limits DEFAULT =
                new Limits(Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(2), Duration.ofSeconds(4),
                        (int) Math.min(MOST_BYTES, Runtime.getRuntime().maxMemory() / 4), Duration.ofMillis(10));
    }

    /**
     * Creates a source, which hasn't begun.
     *
     * @param config the configuration, with XDS_ADDRESS
     */
    public XdsSource(ProxyConfig config) {
        this(config, Limits.DEFAULT);
    }

    XdsSource(ProxyConfig config, Limits limits) {
        this.config = config;
        this.settings = Objects.requireNonNull(config.xds(), "XDS_ADDRESS");
        this.limits = limits;
        this.backoff = new Backoff(limits.lost);
        node = NodeDescription.of(settings);
        mesh = new HeldBack(config.node(), limits.policies, new HeldBack.Timer() {
            @Override
            public long now() {
                return System.nanoTime();
            }

            @Override
            public void later(Duration delay, Runnable task) {
                XdsSource.this.later(delay, task);
            }
        }, this::withoutPolicies);
        demand = settings.onDemand() ? new OnDemand(this::tellDemandSoon) : null;
        roots = new RootCertificates("XDS_ROOT_CA", settings.server().roots());
        SharedValues shared = new SharedValues();
        for (ResourceSet type : new ResourceSet[] {new AddressSet(config, shared, !settings.onDemand()), new PolicySet()}) {
            types.put(type.typeUrl(), type);
        }
        thread.setRemoveOnCancelPolicy(true);
    }

    private ControlPlane server() {
        return settings.server();
    }

    @Override
    public void start(MeshState state) {
        this.state = state;
        if (demand != null) {
            state.demandFrom(demand);
        }
        disconnected = server() + " hasn't answered yet";
        status = new SourceStatus(server().address(), "", null, disconnected, Instant.now(), 0, 0);
        loops.forEach(loop -> loop.submit(() -> {}).awaitUninterruptibly());
        thread.execute(this::connect);
        var unused = thread.scheduleWithFixedDelay(this::lookAtRoots, limits.rootsInterval.toNanos(), limits.rootsInterval.toNanos(),
                TimeUnit.NANOSECONDS);
    }

    private void connect() {
        if (closed) {
            return;
        }
        ending = null;
        try {
            Metadata headers = CallHeaders.of(server(), config.clusterId());
            Reading reading = new Reading();
            XdsStream next = new XdsStream(
                    IstiodChannel.open(server(), roots, config.groups(), loops, this::execute, limits.mostBytes, reading), reading,
                    new XdsStream.Receiver() {
                        @Override
                        public void received(XdsStream from, DeltaDiscoveryResponse response) {
                            XdsSource.this.received(from, response);
                        }

                        @Override
                        public void ended(XdsStream from, Status why) {
                            XdsSource.this.ended(from, why, headers);
                        }
                    });
            stream = next;
            next.start(headers);
            types.values().forEach(type -> next.send(subscription(type)));
            if (demand != null) {
                tellDemand();
            }
            listen(next, 0);
        } catch (IOException e) {
            counters.ended(XdsCounters.Reason.CONNECTION_ERROR);
            again(String.valueOf(e.getMessage()), false);
        } catch (RuntimeException | Error e) {
            LOG.error("an unexpected error while connecting to {}", server(), e);
            again(e.toString(), false);
        }
    }

    private DeltaDiscoveryRequest subscription(ResourceSet type) {
        DeltaDiscoveryRequest.Builder request = DeltaDiscoveryRequest.newBuilder().setNode(node).setTypeUrl(type.typeUrl());
        if (demand != null && type instanceof AddressSet) {
            // The protocol has no other way to say "nothing yet": without a name, a first request means everything.
            request.addResourceNamesSubscribe(EVERYTHING).addResourceNamesUnsubscribe(EVERYTHING);
            demand.answered().forEach(name -> request.putInitialResourceVersions(name, ""));
        }
        return request.putAllInitialResourceVersions(type.versions()).build();
    }

    /** What connections need at about the same time is one request. */
    private void tellDemandSoon() {
        if (!telling.getAndSet(true)) {
            later(limits.gathering, this::tellDemand);
        }
    }

    private void tellDemand() {
        telling.set(false);
        if (stream == null) {
            return; // the next one is told all names
        }
        OnDemand.Difference difference = Objects.requireNonNull(demand).take();
        // In one request, a name that was given up and is asked for again would end up given up: istiod subscribes first.
        if (!difference.givenUp().isEmpty()) {
            stream.send(DeltaDiscoveryRequest.newBuilder().setTypeUrl(AddressSet.TYPE)
                    .addAllResourceNamesUnsubscribe(difference.givenUp()).build());
        }
        if (!difference.added().isEmpty()) {
            stream.send(DeltaDiscoveryRequest.newBuilder().setTypeUrl(AddressSet.TYPE)
                    .addAllResourceNamesSubscribe(difference.added()).build());
        }
    }

    /** Ends a stream on which nothing comes: its server may be dead, although its connection isn't. */
    private void listen(XdsStream to, long bytes) {
        later(limits.silence, () -> {
            boolean waiting = to.answered().isEmpty() || !complete;
            if (to == stream && waiting && to.bytes() > bytes) {
                listen(to, to.bytes());
            } else if (to == stream && waiting) {
                end(to, "has sent nothing for " + limits.silence.toMillis() + " ms, and hasn't answered about " + types.keySet().stream()
                        .filter(type -> !to.answered().contains(type)).map(XdsSource::shown).collect(Collectors.joining(" and ")));
            }
        });
    }

    private static String shown(String typeUrl) {
        return typeUrl.substring(typeUrl.lastIndexOf('.') + 1);
    }

    private void lookAtRoots() {
        try {
            XdsStream now = stream;
            if (roots.look() && now != null) {
                backoff.reset();
                end(now, "is connected to again, because the file of XDS_ROOT_CA has changed");
            }
        } catch (IOException e) {
            LOG.error("{}; what it said before counts", e.getMessage());
        } catch (RuntimeException | Error e) { // the first exception would silently end the looks
            LOG.error("an unexpected error while looking at the file of XDS_ROOT_CA", e);
        }
    }

    private void end(XdsStream which, String why) {
        ending = server() + " " + why;
        which.end(why);
    }

    private void received(XdsStream from, DeltaDiscoveryResponse response) {
        if (closed || from != stream) {
            return;
        }
        String typeUrl = response.getTypeUrl();
        ResourceSet type = types.get(typeUrl);
        boolean isFirst = from.isFirst(typeUrl);
        counters.received(response);
        if (type == null) {
            acknowledgements.refuse(typeUrl, response.getNonce(), "the type " + typeUrl + " wasn't asked for");
            return;
        }
        ResourceSet.Applied applied = type.apply(response, mesh.latest(), isFirst);
        if (complete && warned) {
            LOG.info("{} answers again", server());
        }
        warned = false;
        disconnected = null;
        version = response.getSystemVersionInfo().isEmpty() ? response.getNonce() : response.getSystemVersionInfo();
        if (applied.refused().isEmpty()) {
            acknowledgements.accept(typeUrl, response.getNonce());
        } else {
            failures++;
            acknowledgements.refuse(typeUrl, response.getNonce(), applied.refused().entrySet().stream()
                    .map(problem -> problem.getKey() + ": " + problem.getValue()).collect(Collectors.joining("; ")));
            LOG.error("{} has sent {} resources that can't be used: {}", server(), applied.refused().size(), shortened(applied.refused()));
        }
        mesh.take(applied);
        if (demand != null && type instanceof AddressSet) {
            mesh.whenItCounts(response, applied, () -> demand.answered(response, applied.refused().keySet()));
        }
        if (complete) { // only now: a response that fails as a whole would be asked for again at once
            backoff.reset();
        }
    }

    /** For gRPC, which makes one task of all responses read before it runs: that is when the connection has read what is there. */
    private void execute(Runnable task) {
        try {
            loops.execute(() -> onThread(task));
        } catch (RejectedExecutionException e) { // the connection's thread has ended
            onThread(task);
        }
    }

    private void onThread(Runnable task) {
        try {
            thread.execute(() -> {
                try {
                    task.run();
                } finally {
                    received();
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("closed", e);
        }
    }

    /** After the responses that have come together. The next ones may gather, as long as the server doesn't wait for us. */
    private void received() {
        XdsStream from = stream;
        if (closed || from == null) {
            return;
        }
        boolean first = !complete && types.keySet().stream()
                .allMatch(expected -> from.answered().contains(expected) || demand != null && expected.equals(AddressSet.TYPE));
        if (first) {
            complete = true;
            mesh.begin();
            backoff.reset();
        }
        count(first);
        mesh.answer();
        boolean isBusy = from.request(complete ? MOST_WAITING : 1);
        if (complete && demand == null && !isBusy) {
            from.pause(limits.gathering);
        }
        acknowledgements.sendTo(from);
    }

    private void withoutPolicies(Collection<String> names) {
        LOG.warn("{} hasn't sent policies that workloads of this node name: {}", server(), names);
        count(false);
        mesh.answer();
    }

    /** What has come, and isn't held back, counts from now on. */
    private void count(boolean first) {
        Mesh now = mesh.counting();
        MeshState where = Objects.requireNonNull(state);
        boolean counts = first || complete && now != where.get();
        SourceStatus before = status();
        if (counts || !version.equals(before.version())) {
            status = new SourceStatus(before.source(), version, counts ? Instant.now() : before.loadedAt(), before.error(),
                    before.failedAt(), before.reloads() + (counts && !first ? 1 : 0), failures);
        }
        showProblem();
        if (!counts) {
            return;
        }
        where.replace(now);
        if (first) {
            LOG.info("{}: {} workloads known, {} services, {} policies", server(), now.size(), now.services().size(),
                    now.policies().size());
        } else if (LOG.isDebugEnabled()) {
            LOG.debug("{} workloads known, {} services, {} policies", now.size(), now.services().size(), now.policies().size());
        }
    }

    /** What is wrong now: the connection, or else resources. */
    private void showProblem() {
        if (disconnected == null && status().error() == null && types.values().stream().allMatch(type -> type.refused().isEmpty())) {
            return;
        }
        Map<String, String> refused = new LinkedHashMap<>();
        types.values().forEach(type -> refused.putAll(type.refused()));
        String problem = disconnected != null ? disconnected
                : refused.isEmpty() ? null : refused.size() + " resources can't be used: " + shortened(refused);
        SourceStatus before = status();
        if (!Objects.equals(problem, before.error())) {
            status = new SourceStatus(before.source(), before.version(), before.loadedAt(), problem,
                    problem == null ? null : Instant.now(), before.reloads(), before.failures());
        }
    }

    private static String shortened(Map<String, String> refused) {
        String some = refused.entrySet().stream().limit(SHOWN).map(problem -> problem.getKey() + ": " + problem.getValue())
                .collect(Collectors.joining("; "));
        return refused.size() > SHOWN ? some + "; and " + (refused.size() - SHOWN) + " more" : some;
    }

    private void ended(XdsStream which, Status why, Metadata headers) {
        if (which != stream) {
            return;
        }
        received(); // what has come before
        stream = null;
        acknowledgements.clear();
        counters.ended(XdsCounters.Reason.of(why, which.bytes() > 0));
        if (closed) {
            thread.shutdown();
            return;
        }
        String tooLong = !StreamEnd.isTooLong(why) ? ""
                : "; a response may have " + limits.mostBytes + " bytes, a quarter of the heap (-Xmx) up to " + MOST_BYTES;
        String token = server().socket() != null ? "" : TokenNote.of(headers, why, Instant.now());
        again(ending != null ? ending : server() + " has ended the stream: " + StreamEnd.words(why) + token + tooLong,
                StreamEnd.isRegular(why) && !which.answered().isEmpty());
    }

    private void again(String why, boolean regular) {
        Duration delay = backoff.next();
        boolean isNew = !why.equals(disconnected);
        disconnected = why;
        showProblem();
        if (isNew && !regular) {
            warned = true;
            LOG.warn("{}; tried again in {} ms, and the mesh stays as it is", why, delay.toMillis());
        } else {
            LOG.debug("{}; tried again in {} ms", why, delay.toMillis());
        }
        later(delay, this::connect);
    }

    private void later(Duration delay, Runnable task) {
        try {
            var unused = thread.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("closed", e);
        }
    }

    @Override
    public SourceStatus status() {
        SourceStatus now = status;
        if (now == null) {
            throw new IllegalStateException("the source hasn't begun");
        }
        return now;
    }

    @Override
    public List<MultiCollector> counters() {
        return List.of(counters);
    }

    @Override
    public void close() {
        closed = true;
        thread.execute(() -> {
            if (stream == null) {
                thread.shutdown();
            } else {
                stream.end("the proxy ends"); // which ends the thread too
            }
        });
        var unused = loops.shutdownGracefully(100, 1_000, TimeUnit.MILLISECONDS);
    }
}

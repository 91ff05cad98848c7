package io.inpod.examples.ztunnel;

import io.inpod.examples.ztunnel.limit.KernelMemory;
import ch.qos.logback.classic.LoggerContext;
import io.inpod.examples.zds.ZdsProtocolException;
import io.inpod.examples.ztunnel.admin.AdminServer;
import io.inpod.examples.ztunnel.admin.Page;
import io.inpod.examples.ztunnel.ca.Certificates;
import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dashboard.Dashboard;
import io.inpod.examples.ztunnel.dashboard.Sources;
import io.inpod.examples.ztunnel.dns.NameServers;
import io.inpod.examples.ztunnel.explain.ExplainServer;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.health.HttpPages;
import io.inpod.examples.ztunnel.health.HttpPort;
import io.inpod.examples.ztunnel.health.Readiness;
import io.inpod.examples.ztunnel.health.Scrape;
import io.inpod.examples.ztunnel.identity.OwnCertificates;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.log.LogLevels;
import io.inpod.examples.ztunnel.log.LogSetup;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.source.MeshSource;
import io.inpod.examples.ztunnel.inpod.StateManager;
import io.inpod.examples.ztunnel.inpod.WorkloadManager;
import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.proxy.LocalAddresses;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.examples.ztunnel.succession.OwnListeners;
import io.inpod.examples.ztunnel.succession.Succession;
import io.inpod.examples.ztunnel.trace.OpenTelemetryTraces;
import io.inpod.examples.ztunnel.trace.Traces;
import io.inpod.examples.ztunnel.xds.XdsSource;
import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.bpf.SockMap;
import io.inpod.netns.SocketHolders;
import io.inpod.netns.doctor.Availability;
import io.inpod.netns.doctor.Capability;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.ssl.OpenSsl;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The ztunnel's process. Its exit code is 0 after SIGTERM, 1 after a fatal error, and 2 if the configuration can't be used. */
public final class Main {
    private static final int RETRY_SECONDS = 5;
    private static final int FOLLOW_SECONDS = 30;
    private static final int SHORT_TUNNELS = 16_384; // a few for each pair of pods that talk to each other; further ones use the network
    private static final int RESOLVER_THREADS = 16;
    private static final int FEW_RESOLVER_THREADS = 4;
    private static final Duration LAST_SPANS = Duration.ofMillis(500);
    private static final Thread TLS = new Thread(OpenSsl::isAvailable, "tls");
    private static final int TLS_MILLIS = 5_000;
    private static final Duration HEAP_INTERVAL = Duration.ofSeconds(10);
    /** As many as fit into the queue of the log, see {@link LogSetup}, every {@value #RETRY_SECONDS} seconds. */
    public static final int LOG_LINES = 10_000;

    private Main() {}

    /**
     * Runs until SIGTERM.
     *
     * @param arguments none, or {@code proxy}
     */
    public static void main(String[] arguments) {
        if (arguments.length > 0 && !List.of(arguments).equals(List.of("proxy"))) {
            System.err.println(
                    "unknown argument: " + arguments[0] + "; configure the ztunnel with environment variables, see docs/operators.md");
            System.exit(2);
        }
        System.setProperty(LogSetup.FORMAT, System.getenv().getOrDefault("LOG_FORMAT", "text").strip());
        Logger log = LoggerFactory.getLogger("ztunnel");
        int status;
        try {
            status = run(log);
        } catch (ConfigException e) {
            log.error("{}", e.getMessage());
            status = 2;
        } catch (IOException e) {
            log.error("can't start: {}", e.getMessage());
            status = 1;
        } catch (RuntimeException | Error e) { // otherwise the event loops would keep running, and pods could no longer be removed
            log.error("ended by an unexpected error", e);
            status = 1;
        }
        end(status);
    }

    private static int run(Logger log) throws ConfigException, IOException {
        loadTls();
        LogLevels levels = levels(System.getenv().getOrDefault("RUST_LOG", ""));
        ProxyConfig config = ProxyConfig.from(System.getenv());
        MeshState mesh = new MeshState();
        MeshSource source = config.xds() == null ? MeshSource.of(config) : new XdsSource(config);
        source.start(mesh);
        log.info("inpod_enabled: true");
        log.info("inpod_uds: {}", config.uds());
        log.info("inpod_port_reuse: {}", config.portReuse());
        log.info("inpod_mark: {}", config.mark());
        log.info("inpod_limits: {} sockets, {} MiB of buffers, {} MiB of the kernel's memory for TCP", config.limits().sockets(),
                config.limits().bufferBytes() >> 20, config.limits().tcpBytes() >> 20);
        log.info("{} workloads known", mesh.get().size());
        HeapWatch.start(HEAP_INTERVAL, () -> {
            log.error("the heap is full, so this process ends: it does little but collect garbage; give it more (INPOD_JAVA_OPTS=-Xmx...)"
                    + " or fewer sockets (INPOD_MAX_SOCKETS)");
            end(1);
        });
        // All threads are started here, before the first switch into a pod's namespace: a new thread inherits the namespace of its starter.
        EventLoopGroup loops =
                new MultiThreadIoEventLoopGroup(config.workers(), new DefaultThreadFactory("ztunnel"), RelayIoHandler.newFactory());
        loops.forEach(loop -> loop.submit(() -> {}).awaitUninterruptibly());
        ScheduledExecutorService control = Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("control", true));
        Certificates certificates = Certificates.open(config, System.getenv(), control);
        int resolvers = config.socks5() ? RESOLVER_THREADS : FEW_RESOLVER_THREADS; // without SOCKS5, only for workloads without addresses
        ThreadPoolExecutor resolver = new ThreadPoolExecutor(resolvers, resolvers, 0, TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(), new DefaultThreadFactory("resolver", true));
        resolver.prestartAllCoreThreads();
        ThreadPoolExecutor holders =
                new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), new DefaultThreadFactory("holders", true));
        holders.prestartAllCoreThreads();
        Succession succession = config.portReuse() ? Succession.open(config.handOverDirectory(), new OwnListeners()) : null;
        if (succession != null) {
            Thread successors = new Thread(succession::run, "succession");
            successors.setDaemon(true);
            successors.start();
        }
        NameServers nameServers = new NameServers(config.resolvConf());
        if (config.dns() != null) {
            nameServers.refresh();
            regularly(control, RETRY_SECONDS, "reading the name servers", log, nameServers::refresh);
            log.info("dns proxy: names of the mesh and of {}; other names: {}", config.dns().domain(), nameServers);
            nameServers.problem().ifPresent(log::warn);
        }
        ThreadPoolExecutor policy =
                new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), new DefaultThreadFactory("policy", true));
        policy.prestartAllCoreThreads();
        EventLoopGroup operators = AdminServer.thread();
        Traces traces = traces(config);
        OwnCertificates own = new OwnCertificates(certificates.source());
        Shared shared = new Shared(config, mesh, own, certificates.tls(), loops, new LocalAddresses(), nameServers,
                new NameLookups(resolver, resolvers, NameLookups.Resolver.SYSTEM),
                new HolderSearch(holders, SocketHolders::search, System::nanoTime), new OwnConnections(sockMap(log, config)),
                config.limits().holdings(),
                new LogLines(LOG_LINES), Enforcement.of(mesh, policy), Counters.atZero(), control, succession, traces);
        StateManager state = new StateManager(shared, ownNamespace(), lost -> {
            log.error("a thread can't leave a pod's namespace, so this process ends: {}", lost.getMessage());
            end(1);
        });
        certificates.watch(control, state::revoked);
        LocalAddresses local = shared.local();
        ExplainServer explain = explain(log, config, local, mesh, state);
        HttpPort readiness = new HttpPort("INPOD_READINESS_PORT", config.readinessPort(), "/healthz/ready",
                port -> HttpPages.open(loops, HttpPages.everywhere(config.ipv6(), port),
                        Map.of("/healthz/ready", headers -> ready(mesh, state))));
        Scrape metrics =
                new Metrics(source, shared.enforcement().denials(), shared.counters(), state, own, certificates::statuses, shared.lines(),
                        traces, shared.holdings())
                        .scrape();
        HttpPort stats = new HttpPort("INPOD_STATS_PORT", config.statsPort(), "/metrics and /stats/prometheus",
                port -> HttpPages.open(operators, HttpPages.everywhere(config.ipv6(), port),
                        Map.of("/metrics", metrics::answer, "/stats/prometheus", metrics::answer)));
        Sources shown = new Sources(config.node(), state::pods, state::ports, shared.counters().traffic(), shared.enforcement().denials(),
                shared.counters().outbound(), certificates::statuses, source::status, mesh);
        Map<String, Page> pages = AdminPages.of(config, levels, mesh, certificates::statuses, state,
                others -> Dashboard.pages(shown, operators.next(), others), () -> new Thread(() -> System.exit(0)).start());
        HttpPort admin =
                new HttpPort("INPOD_ADMIN_PORT", config.adminPort(), "operators", port -> AdminServer.open(operators, port, pages));
        List<HttpPort> ports = List.of(readiness, stats, admin);
        ports.forEach(HttpPort::open);
        regularly(control, RETRY_SECONDS, "opening ports of the proxy's own", log, () -> ports.forEach(HttpPort::open));
        regularly(control, RETRY_SECONDS, "refreshing pods", log, state::refresh);
        regularly(control, FOLLOW_SECONDS, "following the mesh in metrics", log, () -> {
            shared.counters().traffic().follow(mesh.get());
            Set<Telemetry> pods = state.telemetry();
            shared.counters().dns().retain(pods);
            shared.counters().hostnames().retain(pods);
        });
        KernelMemory memory = new KernelMemory(config.limits().tcpBytes());
        regularly(control, 1, "dividing the kernel's memory for TCP", log, () -> memory.relieve(state.limits()));

        Thread worker = Thread.currentThread();
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> shutDown(log, config, state, succession, explain, traces, worker), "shutdown"));
        try {
            new WorkloadManager(config.uds(), state).run();
        } catch (ZdsProtocolException e) {
            return 1;
        } catch (InterruptedException e) {
            for (;;) {
                LockSupport.park(); // the shutdown hook ends the process
            }
        }
        return 0;
    }

    /** Beside everything else, for a tenth of a second: otherwise the first pod would wait for it. */
    private static void loadTls() {
        TLS.setDaemon(true);
        TLS.start();
    }

    private static @Nullable SockMap sockMap(Logger log, ProxyConfig config) {
        if (!config.sockMap()) {
            return null;
        }
        try {
            return SockMap.open(SHORT_TUNNELS);
        } catch (IOException e) {
            log.warn("INPOD_SOCKMAP: tunnels between pods of this node go through the network: {}", e.getMessage());
            return null;
        }
    }

    private static LogLevels levels(String directives) throws ConfigException {
        try {
            return new LogLevels(directives);
        } catch (IllegalArgumentException e) {
            throw new ConfigException("RUST_LOG: " + e.getMessage(), e);
        }
    }

    private static Traces traces(ProxyConfig config) throws ConfigException {
        try {
            return config.traces() ? OpenTelemetryTraces.open(config.node()) : Traces.NONE;
        } catch (IllegalArgumentException e) {
            throw new ConfigException(String.valueOf(e.getMessage()), e);
        }
    }

    private static @Nullable ExplainServer explain(Logger log, ProxyConfig config, LocalAddresses local, MeshState mesh,
            StateManager state) {
        try {
            ExplainServer server = ExplainServer.open(config, local::contains, mesh, state::openConnections);
            Thread explaining = new Thread(server::run, "explain");
            explaining.setDaemon(true);
            explaining.start();
            return server;
        } catch (IOException e) {
            log.warn("./inpod explain can't ask this process: {}", e.getMessage());
            return null;
        }
    }

    private static HttpPages.Answer ready(MeshState mesh, StateManager state) {
        Readiness pods = state.readiness();
        return (mesh.isLoaded() ? pods : pods.lacking("the mesh has not been loaded yet")).answer();
    }

    private interface Task {
        void run() throws IOException, InterruptedException;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing: the first exception would silently end the retries
    private static void regularly(ScheduledExecutorService control, int seconds, String what, Logger log, Task task) {
        control.scheduleWithFixedDelay(() -> {
            try {
                task.run();
            } catch (IOException e) {
                log.warn("{}: {}; tried again in {} s", what, e.getMessage(), seconds);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // by the executor, which ends
            } catch (RuntimeException | Error e) {
                log.error("{}: an unexpected error; tried again in {} s", what, seconds, e);
            }
        }, seconds, seconds, TimeUnit.SECONDS);
    }

    private static NamespaceIdentity ownNamespace() throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            Availability enter = Capability.ENTER.check(own); // fails now, rather than with the first pod
            if (!enter.available()) {
                throw new IOException("network namespaces can't be entered: " + enter.reason() + "; " + enter.advice());
            }
            return own.identity();
        }
    }

    private static void shutDown(Logger log, ProxyConfig config, StateManager state, @Nullable Succession succession,
            @Nullable ExplainServer explain, Traces traces, Thread worker) {
        log.info("termination signal received, draining for at most {} ms", config.terminationDeadline().toMillis());
        worker.interrupt();
        try {
            state.drain(config.terminationDeadline());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (succession != null) {
            succession.close();
        }
        if (explain != null) {
            explain.close();
        }
        traces.close(LAST_SPANS);
        log.info("shutdown complete");
        end(0); // otherwise the JVM would exit with 143, as if it had been killed
    }

    /** Ends the process without running shutdown hooks, which could block indefinitely. */
    private static void end(int status) {
        try {
            TLS.join(TLS_MILLIS); // or the library's file would stay in the directory for temporary files
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        stopLogging();
        Runtime.getRuntime().halt(status);
    }

    /** Writes the lines that the asynchronous appender still holds. */
    private static void stopLogging() {
        ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
    }
}

package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.Commands;
import io.inpod.examples.nodeagent.control.ControlPath;
import io.inpod.examples.nodeagent.control.ControlServer;
import io.inpod.examples.nodeagent.enrol.Delays;
import io.inpod.examples.nodeagent.enrol.FailedEnrolment;
import io.inpod.examples.nodeagent.enrol.Ledger;
import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.enrol.ProxyCgroups;
import io.inpod.examples.nodeagent.enrol.Reconciler;
import io.inpod.examples.nodeagent.enrol.Redirections;
import io.inpod.examples.nodeagent.enrol.SettingsWatch;
import io.inpod.examples.nodeagent.files.PodDirectory;
import io.inpod.examples.nodeagent.find.FinderOptions;
import io.inpod.examples.nodeagent.health.HealthCheck;
import io.inpod.examples.nodeagent.health.HealthOptions;
import io.inpod.examples.nodeagent.health.Pulse;
import io.inpod.examples.nodeagent.host.HostOptions;
import io.inpod.examples.nodeagent.install.CniService;
import io.inpod.examples.nodeagent.kubernetes.KubernetesOptions;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.nodeagent.pod.ProbeAddresses;
import io.inpod.examples.rules.Version;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs the agent. */
@Command(name = "agent", description = "Runs the agent in the foreground, until SIGTERM or SIGINT.",
        customSynopsis = "./inpod agent [OPTION...]", mixinStandardHelpOptions = true, versionProvider = Version.class)
final class AgentCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final Duration IDLE = Duration.ofSeconds(10);
    private static final Duration SETTINGS = Duration.ofSeconds(10);
    private static final Duration PASS = Duration.ofSeconds(60);
    private static final int WORKERS = 8;
    private static final Duration STUCK = Duration.ofMinutes(2);
    private static final Duration PROXY = Duration.ofSeconds(10);
    private static final Path KERNEL_IPV6 = Path.of("/proc/sys/net/ipv6");

    @Option(names = "--uds", paramLabel = "PATH", defaultValue = "${env:INPOD_UDS:-/var/run/ztunnel/ztunnel.sock}",
            description = "the socket on which proxies connect; default: $INPOD_UDS or /var/run/ztunnel/ztunnel.sock")
    private Path uds = Path.of("");

    @Mixin
    private ControlPath control = new ControlPath();

    @Option(names = "--profile", paramLabel = "PROFILE", defaultValue = "redirect",
            description = "how inbound connections reach the proxy: redirect (default) or tproxy")
    private Profile profile = Profile.REDIRECT;

    @Option(names = "--dns-capture",
            description = "send the pods' DNS queries to the proxy, which must serve port " + InPodConstants.DNS_PORT
                    + "; a pod's annotation can override this")
    private boolean dnsCapture;

    @Option(names = "--ipv6", paramLabel = "true|false", arity = "1", defaultValue = "${env:IPV6_ENABLED:-true}",
            description = "redirect IPv6 too; default: $IPV6_ENABLED or true. If false, the pods' TCP over IPv6 is rejected, "
                    + "except on loopback")
    private boolean ipv6;

    @Option(names = "--mark-owner", paramLabel = "true|false", arity = "1", defaultValue = "true",
            description = "only the cgroups of connected proxies may use the proxy's mark, where the system allows that; default: true")
    private boolean markOwner;

    @Option(names = "--failed-enrolment", paramLabel = "closed|open", defaultValue = "closed",
            description = "what becomes of a pod that can't be enrolled, for example because the proxy refuses it. closed (default): its "
                    + "rules stay, its connections are refused, and the agent retries. open: its rules are removed, and it sends "
                    + "plaintext")
    private FailedEnrolment failedEnrolment = FailedEnrolment.CLOSED;

    @Option(names = "--pods", paramLabel = "DIR",
            description = "the directory with the pods' files; default: the directory pods beside the control socket. It must belong to "
                    + "root or the agent's user")
    private @Nullable Path pods;

    @Mixin
    private KubernetesOptions kubernetes = new KubernetesOptions();

    @Mixin
    private CniService cni = new CniService();

    @Mixin
    private FinderOptions finder = new FinderOptions();

    @Mixin
    private HostOptions host = new HostOptions();

    @Mixin
    private HealthOptions health = new HealthOptions();

    @Override
    public Integer call() throws IOException {
        ExecutorService threads = Executors.newCachedThreadPool(named("nodeagent"));
        ExecutorService workers = workers();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(named("nodeagent-later"));
        boolean both = ipv6 && Files.exists(KERNEL_IPV6);
        PodRedirection redirection = new PodRedirection(profile, dnsCapture, both);
        Path controlPath = control.get();
        try (ZdsServer proxies = ZdsServer.listen(uds, threads, ANSWER)) {
            Delays delays = delays(timer);
            ProxyCgroups cgroups = new ProxyCgroups(finder.proc(), PodRulesChange::cgroupExists, redirection::tryCgroups,
                    controlPath.resolveSibling(controlPath.getFileName() + ".cgroups"));
            Redirections redirections =
                    new Redirections(overrides -> redirection.change(overrides, cgroups.paths()), redirection.closing());

            // which pods there are, where their namespaces are, and what the node does for them
            PodSource source = source(controlPath);
            ProbeAddresses probes = host.probes(both ? EnumSet.allOf(IpFamily.class) : EnumSet.of(IpFamily.V4), LOG::info);
            Ledger ledger = new Ledger(controlPath.resolveSibling(controlPath.getFileName() + ".enrolled"));
            NamespaceFinder search = finder.finder(LOG::warn);
            Reconciler reconciler = new Reconciler(source, search, probes, proxies, redirections, ledger,
                    failedEnrolment, delays, workers, (work, step) -> LOG.debug("{}: {}", work, step));
            Inspection inspection = new Inspection(reconciler, source, search, proxies, redirection, cgroups::paths,
                    host.node().map(Path::toString).orElse(null));
            Commands commands = source instanceof PodDirectory files
                    ? new FileCommands(files, reconciler, PROXY, inspection) : new ClusterCommands(reconciler, inspection);

            if (markOwner) {
                proxies.onConnect(pids -> {
                    cgroups.connected(pids);
                    reconciler.updateRules();
                });
            }
            try (ControlServer server = new ControlServer(commands, controlPath, threads, IDLE)) {
                Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(reconciler, server, proxies, cni), "nodeagent-stop"));
                LOG.info("inpod_uds: {}", uds);
                LOG.info("pods: {}", source);
                AtomicBoolean ready = new AtomicBoolean();
                reconciler.whenReady(() -> {
                    ready.set(true);
                    threads.execute(proxies::run);
                });
                reconciler.start();
                reconciler.watch(PASS);
                cni.start(source, reconciler, reconciler::state, threads);
                health.start(List.of(new HealthCheck("work", new Pulse(workers, STUCK)::problem)), List.of(
                        HealthCheck.of("pods", ready::get, "the first list of pods isn't complete, or not all have been looked for"),
                        new HealthCheck("cni", () -> Optional.ofNullable(cni.problem()))));
                new SettingsWatch(reconciler::enrolled, redirection.settings(), SETTINGS, delays,
                        (level, line) -> LOG.atLevel(level).log(line))
                        .start();
                new SmallHeap(delays).start();
                LOG.info("control socket: {}", controlPath);
                LOG.info("profile: {}, dns capture: {}, ipv6: {}, failed enrolment: {}", profile.name().toLowerCase(Locale.ROOT),
                        dnsCapture,
                        both, failedEnrolment.name().toLowerCase(Locale.ROOT));
                server.run();
            }
        } catch (BindException e) {
            throw new AgentException(
                    "another agent is running: " + e.getMessage() + "; stop it, or name other sockets with --uds and --control", e);
        }
        return 0;
    }

    private PodSource source(Path controlPath) throws IOException {
        if (kubernetes.wanted() && pods != null) {
            throw new AgentException("--kubernetes and --pods exclude each other: pods come from the API server or from files");
        }
        return kubernetes.wanted()
                ? kubernetes.source(cni.paths().excludedNamespaces())
                : new PodDirectory(pods == null ? controlPath.resolveSibling("pods") : pods, pods == null);
    }

    private static ThreadFactory named(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private static ExecutorService workers() {
        ThreadPoolExecutor workers = new ThreadPoolExecutor(WORKERS, WORKERS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                named("nodeagent-worker"));
        workers.allowCoreThreadTimeOut(true);
        return workers;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the tasks catch everything
    private static Delays delays(ScheduledExecutorService timer) {
        return (pause, task) -> timer.schedule(() -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                LOG.error("an unexpected error while retrying", e);
            }
        }, pause.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Leaves the pods redirected: without a proxy their connections are refused, which is better than plaintext. */
    private static void stop(Reconciler reconciler, ControlServer server, ZdsServer proxies, CniService cni) {
        LOG.info("stopping; {} pods stay enrolled: their rules remain, and a connected proxy continues to serve them",
                reconciler.enrolled().size());
        cni.close();
        server.close();
        proxies.close();
    }
}

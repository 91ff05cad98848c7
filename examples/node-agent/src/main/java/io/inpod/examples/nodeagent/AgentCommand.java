package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.Commands;
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
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.examples.nodeagent.pod.ProbeAddresses;
import io.inpod.examples.rules.Version;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.netns.InPodConstants;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
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

    @Override
    public Integer call() throws IOException {
        ExecutorService threads = Executors.newCachedThreadPool(named("nodeagent"));
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(named("nodeagent-later"));
        boolean both = ipv6 && Files.exists(KERNEL_IPV6);
        PodRedirection redirection = new PodRedirection(profile, dnsCapture, both);
        Path controlPath = control.get();
        try (ZdsServer proxies = ZdsServer.listen(uds, threads, ANSWER)) {
            Delays delays = delays(timer);
            ProxyCgroups cgroups = new ProxyCgroups(Path.of("/proc"), PodRulesChange::cgroupExists, redirection::tryCgroups,
                    controlPath.resolveSibling(controlPath.getFileName() + ".cgroups"));
            Redirections redirections =
                    new Redirections(overrides -> redirection.change(overrides, cgroups.paths()), redirection.closing());

            // which pods there are, where their namespaces are, and what the node does for them
            PodDirectory source = new PodDirectory(pods == null ? controlPath.resolveSibling("pods") : pods, pods == null);
            NamespaceFinder finder = unknown -> Map.of();
            ProbeAddresses probes = NoProbeAddresses.INSTANCE;
            Reconciler reconciler = new Reconciler(source, finder, probes, proxies, redirections,
                    new Ledger(controlPath.resolveSibling(controlPath.getFileName() + ".enrolled")), failedEnrolment, delays, workers(),
                    (work, step) -> LOG.debug("{}: {}", work, step));
            Commands commands = new FileCommands(source, reconciler, PROXY);

            if (markOwner) {
                proxies.onConnect(pids -> {
                    cgroups.connected(pids);
                    reconciler.updateRules();
                });
            }
            try (ControlServer server = new ControlServer(commands, controlPath, threads, IDLE)) {
                Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(reconciler, server, proxies), "nodeagent-stop"));
                LOG.info("inpod_uds: {}", uds);
                LOG.info("pods: {}", source.path());
                reconciler.whenReady(() -> threads.execute(proxies::run));
                reconciler.start();
                reconciler.watch(PASS);
                new SettingsWatch(reconciler::enrolled, redirection.settings(), SETTINGS, delays,
                        (level, line) -> LOG.atLevel(level).log(line))
                        .start();
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
    private static void stop(Reconciler reconciler, ControlServer server, ZdsServer proxies) {
        LOG.info("stopping; {} pods stay enrolled: their rules remain, and a connected proxy continues to serve them",
                reconciler.enrolled().size());
        server.close();
        proxies.close();
    }
}

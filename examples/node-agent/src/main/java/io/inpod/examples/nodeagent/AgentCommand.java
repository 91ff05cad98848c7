package io.inpod.examples.nodeagent;

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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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

    @Override
    public Integer call() throws IOException {
        AtomicInteger number = new AtomicInteger();
        ExecutorService threads = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "nodeagent-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        boolean both = ipv6 && Files.exists(KERNEL_IPV6);
        PodRedirection redirection = new PodRedirection(profile, dnsCapture, both);
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "nodeagent-retries");
            thread.setDaemon(true);
            return thread;
        });
        try (ZdsServer proxies = ZdsServer.listen(uds, threads, ANSWER)) {
            Delays delays = delays(timer);
            ProxyCgroups cgroups = new ProxyCgroups(Path.of("/proc"), PodRulesChange::cgroupExists, redirection::tryCgroups);
            Agent agent = new Agent(proxies, overrides -> redirection.change(overrides, cgroups.paths()),
                    redirection.closing(), failedEnrolment, PROXY, delays);
            if (markOwner) {
                proxies.onConnect(pids -> {
                    cgroups.connected(pids);
                    agent.updateRules();
                });
            }
            proxies.onSnapshotAnswer(agent::answered);
            new SettingsWatch(agent::list, redirection.settings(), SETTINGS, delays, (level, line) -> LOG.atLevel(level).log(line)).start();
            Path controlPath = control.get();
            try (ControlServer server = new ControlServer(agent, controlPath, threads, IDLE)) {
                Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(agent, server, proxies), "nodeagent-stop"));
                LOG.info("inpod_uds: {}", uds);
                LOG.info("control socket: {}", controlPath);
                LOG.info("profile: {}, dns capture: {}, ipv6: {}, failed enrolment: {}", profile.name().toLowerCase(Locale.ROOT),
                        dnsCapture,
                        both, failedEnrolment.name().toLowerCase(Locale.ROOT));
                threads.execute(proxies::run);
                server.run();
            }
        } catch (BindException e) {
            throw new AgentException(
                    "another agent is running: " + e.getMessage() + "; stop it, or name other sockets with --uds and --control", e);
        }
        return 0;
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
    private static void stop(Agent agent, ControlServer server, ZdsServer proxies) {
        LOG.info("stopping; {} pods stay enrolled: their rules remain, and a connected proxy continues to serve them", agent.list().size());
        server.close();
        proxies.close();
    }
}

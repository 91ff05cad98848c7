package io.inpod.examples.ztunnel;

import ch.qos.logback.classic.LoggerContext;
import io.inpod.examples.zds.ZdsProtocolException;
import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.Mesh;
import io.inpod.examples.ztunnel.config.MeshFile;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.inpod.StateManager;
import io.inpod.examples.ztunnel.inpod.WorkloadManager;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.hbone.DevelopmentCa;
import io.inpod.netns.NetworkNamespace;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.inpod.tproxy.RelayIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The process. Ends with 0 after SIGTERM, 1 after an error that it can't go on with, 2 for a configuration that it can't use. */
public final class Main {
    private static final int RETRY_SECONDS = 5;

    private Main() {}

    /**
     * Runs until SIGTERM.
     *
     * @param arguments none, or {@code proxy}
     */
    public static void main(String[] arguments) {
        System.setProperty("logback.configurationFile", "io/inpod/examples/ztunnel/logback.xml");
        String level = System.getenv().getOrDefault("RUST_LOG", "info").toLowerCase(Locale.ROOT);
        System.setProperty("inpod.log.level", Set.of("error", "warn", "info", "debug", "trace", "off").contains(level) ? level : "info");
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
        }
        end(status);
    }

    private static int run(Logger log) throws ConfigException, IOException {
        ProxyConfig config = ProxyConfig.from(System.getenv());
        Mesh mesh = MeshFile.read(config);
        log.info("inpod_enabled: true");
        log.info("inpod_uds: {}", config.uds());
        log.info("inpod_port_reuse: {}", config.portReuse());
        log.info("inpod_mark: {}", config.mark());
        log.info("{} workloads known", mesh.size());
        Path caDirectory = DevelopmentCa.defaultDirectory(System.getenv());
        DevelopmentCa ca = DevelopmentCa.open(caDirectory);
        log.warn("FAKE_CA=true: identities come from a DEVELOPMENT CA in {}; whoever can read that directory can be anybody. Not for production", caDirectory);

        // Every thread is started here, before the first switch into a pod's namespace: a thread is born where its starter is.
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(config.workers(), new DefaultThreadFactory("ztunnel"), RelayIoHandler.newFactory());
        loops.forEach(loop -> loop.submit(() -> {}).awaitUninterruptibly());
        ScheduledExecutorService control = Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("control", true));
        StateManager state = new StateManager(new Shared(config, mesh, ca, loops, control), ownNamespace());
        control.scheduleWithFixedDelay(state::retryPending, RETRY_SECONDS, RETRY_SECONDS, TimeUnit.SECONDS);

        Thread worker = Thread.currentThread();
        Thread onSignal = new Thread(() -> shutDown(log, config, state, worker), "shutdown");
        Runtime.getRuntime().addShutdownHook(onSignal);
        try {
            new WorkloadManager(config.uds(), state).run();
        } catch (ZdsProtocolException e) {
            Runtime.getRuntime().removeShutdownHook(onSignal);
            return 1;
        } catch (InterruptedException e) {
            // the shutdown hook does the rest
        }
        return 0;
    }

    private static io.inpod.netns.NamespaceIdentity ownNamespace() throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            own.call(() -> null); // now, rather than with the first pod: may this process enter namespaces at all?
            return own.identity();
        }
    }

    private static void shutDown(Logger log, ProxyConfig config, StateManager state, Thread worker) {
        log.info("termination signal received, draining for at most {}", config.terminationDeadline());
        worker.interrupt();
        try {
            state.drain(config.terminationDeadline());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        log.info("shutdown complete");
        stopLogging();
    }

    private static void end(int status) {
        if (status == 0) {
            return; // ending by the shutdown hook
        }
        stopLogging();
        Runtime.getRuntime().halt(status);
    }

    /** Writes what the asynchronous appender still holds. */
    private static void stopLogging() {
        ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
    }
}

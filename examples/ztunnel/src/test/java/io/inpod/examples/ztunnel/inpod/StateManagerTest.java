package io.inpod.examples.ztunnel.inpod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.dns.NameServers;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.netns.testing.Tool;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.proxy.LocalAddresses;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.examples.ztunnel.ports.TakenPortException;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketHolders;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The process that has a port of one pod is searched while other pods are served: it decides how long that takes. */
@Timeout(120)
@Pods(2)
class StateManagerTest {
    private static final WorkloadInfo INFO = new WorkloadInfo("web-0", "shop", "web");

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final Logger logger = (Logger) LoggerFactory.getLogger("proxy");
    private final BlockingQueue<String> reports = new LinkedBlockingQueue<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            reports.add(event.getFormattedMessage());
        }
    };
    private final ThreadPoolExecutor holders = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
    private final CountDownLatch searching = new CountDownLatch(1);
    private final CountDownLatch end = new CountDownLatch(1);
    private Shared shared;
    private StateManager state;

    @BeforeEach
    void create(@TempDir Path ca) throws Exception {
        loops.forEach(loop -> loop.submit(() -> { }).awaitUninterruptibly()); // no thread may start in a pod
        holders.prestartAllCoreThreads();
        ProxyConfig config = ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS", "workloads: []"));
        shared = new Shared(config, new MeshState(), DevelopmentCa.open(ca), loops, new LocalAddresses(), new NameServers(Path.of("/etc/resolv.conf")),
                new NameLookups(Runnable::run, 1, NameLookups.Resolver.SYSTEM),
                new HolderSearch(holders, this::search, System::nanoTime), new OwnConnections(), config.limits().holdings(), new LogLines(100),
                Enforcement.of(new MeshState(), Runnable::run), Counters.atZero(), Runnable::run, null);
        try (NetworkNamespace own = NetworkNamespace.current()) {
            state = new StateManager(shared, own.identity(), lost -> {
                throw lost;
            });
        }
        appender.start();
        logger.addAppender(appender);
    }

    @AfterEach
    void close() {
        logger.detachAppender(appender);
        end.countDown();
        holders.shutdown();
        state.sessionBegins(); // closes what is pending
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    private SocketHolders search(NetworkNamespace namespace, Set<Long> inodes) {
        searching.countDown();
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new SocketHolders(inodes.stream().collect(Collectors.toMap(inode -> inode, inode -> List.of(new SocketHolders.Holder(7, "taker")))), true);
    }

    private static ServerSocketChannel taker(NetworkNamespace pod) throws IOException {
        return pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open).bind(new InetSocketAddress("127.0.0.1", 15001));
    }

    private void assertRefused(NetworkNamespace pod) throws IOException {
        assertThatThrownBy(() -> state.add("u", INFO, pod.duplicate())).isInstanceOf(TakenPortException.class)
                .hasMessageContaining("is taken by a socket listening on").message().doesNotContain("pid ");
    }

    @Test
    void nobodyWaitsForASearch(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ServerSocketChannel first = taker(pod)) {
            assertThat(first.isOpen()).isTrue();
            assertRefused(pod);
            searching.await();

            assertRefused(pod);
            state.add("v", INFO, network.pod(1).namespace().duplicate());
        }
        try (ServerSocketChannel second = taker(pod)) {
            assertThat(second.isOpen()).isTrue();
            state.refresh();
        }
        state.delete("v");
        assertThat(reports).isEmpty();
        end.countDown();
        assertThat(reports.take()).contains("is held by a socket listening on", "pid 7 (taker)");
    }

    @Test
    void aPodIsServedAnewWithTheIdentityThatTheMeshGivesIt(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        state.add("u", INFO, pod.duplicate());
        shared.mesh().replace(Mesh.EMPTY.change().put(Workload.builder("w", INFO.namespace()).name(INFO.name()).serviceAccount(INFO.serviceAccount()).trustDomain("acme.test").build())
                .build());
        state.refresh();
        assertThat(List.of(state.started(), state.stopped())).containsExactly(2L, 1L);
        String shown = Tool.tryRun(pod, "sh", "-c", "openssl s_client -connect 127.0.0.1:15008 -alpn h2 </dev/null | openssl x509 -noout -ext subjectAltName").output();
        assertThat(shown).contains("URI:spiffe://acme.test/ns/" + INFO.namespace() + "/sa/" + INFO.serviceAccount());

        state.refresh();
        assertThat(state.started()).as("once").isEqualTo(2);
        state.delete("u");
    }
}

package io.inpod.examples.ztunnel.inpod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.config.Mesh;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.proxy.LocalAddresses;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.proxy.PodProxy;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.examples.ztunnel.proxy.TakenPortException;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** All pods wait while one of them holds the lock, so that the processes that have a port are searched without it. */
@Pods
class StateManagerTest {
    private static final WorkloadInfo INFO = new WorkloadInfo("web-0", "shop", "web");
    private static final String HOLDER = "pid " + ProcessHandle.current().pid() + " (java)";

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final Logger logger = (Logger) LoggerFactory.getLogger("inpod.statemanager");
    private final List<String> withLock = new ArrayList<>();
    private final List<String> withoutLock = new ArrayList<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            (Thread.holdsLock(state) ? withLock : withoutLock).add(event.getFormattedMessage());
        }
    };
    private Shared shared;
    private StateManager state;

    @BeforeEach
    void create(@TempDir Path ca) throws Exception {
        loops.forEach(loop -> loop.submit(() -> { }).awaitUninterruptibly()); // no thread may start in a pod
        ProxyConfig config = ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS", "workloads: []"));
        shared = new Shared(config, new Mesh(List.of()), DevelopmentCa.open(ca), loops, new LocalAddresses(),
                new NameLookups(Runnable::run, 1, InetAddress::getByName), new OwnConnections(), config.limits().holdings(), new LogLines(100),
                Runnable::run, null);
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
        state.sessionBegins(); // closes what is pending
        loops.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static ServerSocketChannel taker(NetworkNamespace pod) throws IOException {
        return pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open).bind(new InetSocketAddress("127.0.0.1", 15001));
    }

    @Test
    void theHolderOfAPortIsSearchedWithoutTheLock(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ServerSocketChannel first = taker(pod)) {
            assertThat(first.isOpen()).isTrue();
            assertThatThrownBy(() -> PodProxy.start(shared, INFO, pod)).isInstanceOf(TakenPortException.class)
                    .hasMessageContaining("is taken by a socket listening").message().doesNotContain("pid ");
            assertThatThrownBy(() -> state.add("u", INFO, pod.duplicate())).isInstanceOf(IOException.class).hasMessageContaining(HOLDER);
        }
        try (ServerSocketChannel second = taker(pod)) {
            assertThat(second.isOpen()).isTrue();
            state.refresh();
        }
        assertThat(withoutLock.stream().filter(line -> line.contains(HOLDER))).satisfiesExactly(
                line -> assertThat(line).contains("failed to start proxy"), line -> assertThat(line).contains("still can't be served"));
        assertThat(withLock).noneMatch(line -> line.contains("is taken by"));
    }
}

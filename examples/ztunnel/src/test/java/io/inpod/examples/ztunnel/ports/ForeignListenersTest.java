package io.inpod.examples.ztunnel.ports;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.inpod.netlink.TcpSocket;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketHolders;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Each foreign listener is reported once, and the processes of a few of them are searched later. */
@Pods
class ForeignListenersTest {
    private static final int PORT = 15080;

    private final Logger logger = (Logger) LoggerFactory.getLogger("proxy");
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final List<Runnable> searches = new ArrayList<>();
    private final List<ServerSocketChannel> foreign = new ArrayList<>();

    @BeforeEach
    void listen() {
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void close() throws IOException {
        logger.detachAppender(log);
        for (ServerSocketChannel listener : foreign) {
            listener.close();
        }
    }

    private static ServerSocketChannel listen(NetworkNamespace pod, String address) throws IOException {
        ServerSocketChannel listener = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        return listener.bind(new InetSocketAddress(address, PORT));
    }

    private List<String> check(ForeignListeners listeners, Map<Integer, Set<Long>> own) throws IOException {
        listeners.check(own);
        return lines();
    }

    private List<String> lines() {
        List<String> lines = log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
        log.list.clear();
        return lines;
    }

    @Test
    void eachIsReportedOnceAsLongAsItListens(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ServerSocketChannel proxys = listen(pod, "127.0.0.1")) {
            assertThat(proxys.isOpen()).isTrue();
            Map<Integer, Set<Long>> own = Map.of(PORT, Set.of(TcpSocket.onPort(pod, PORT).get(0).inode()));
            ForeignListeners listeners = new ForeignListeners(pod, new HolderSearch(searches::add, SocketHolders::search, System::nanoTime));
            assertThat(check(listeners, own)).isEmpty();
            for (int i = 2; i < 7; i++) {
                foreign.add(listen(pod, "127.0.0." + i));
            }

            List<String> lines = check(listeners, own);

            assertThat(lines).hasSize(4);
            assertThat(lines.subList(0, 3)).allMatch(line -> line.contains("port " + PORT) && !line.contains("pid "));
            assertThat(lines.get(3)).startsWith("2 more foreign sockets");
            assertThat(searches).hasSize(1);
            searches.remove(0).run();
            assertThat(lines()).hasSize(3)
                    .allMatch(line -> line.contains("port " + PORT) && line.contains("pid " + ProcessHandle.current().pid() + " (java)"));
            assertThat(check(listeners, own)).isEmpty();
            foreign.remove(0).close();
            assertThat(check(listeners, own)).isEmpty();
            foreign.add(listen(pod, "127.0.0.2"));
            assertThat(check(listeners, own)).singleElement().asString().contains("127.0.0.2 port " + PORT);
        }
    }
}

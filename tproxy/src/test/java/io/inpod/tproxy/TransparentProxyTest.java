package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.UnixOperatingSystemMXBean;
import io.inpod.netns.IpFamily;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.tproxy.upstream.PortRange;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Complete connections through the kernel's redirection, with the client in pod 0, and the proxy and the application in pod 1. */
@Timeout(300)
class TransparentProxyTest {
    private static final int HELD = 1500;
    private static final int CHURNED = 6000;
    private static final int CLIENTS = 4;

    /** An open connection takes four descriptors, all in this process: one of the client, two of the proxy, one of the application. */
    private static final int DESCRIPTORS = 4;

    @Test
    @Pods(2)
    void findsTheDestinationOfARedirectedConnectionAndKeepsTheClientsAddress(PodNetwork network) throws Exception {
        DualStack.prepare(network);
        DualStack.ROUTING.install(network.pod(1).namespace());
        TestProxy.redirect(network.pod(1).namespace());
        for (IpFamily family : IpFamily.values()) {
            oneConnection(network, family, OriginalDestination.Found.REDIRECT);
        }
    }

    @Test
    @Pods(2)
    void findsTheDestinationOfATproxiedConnectionAndKeepsTheClientsAddress(PodNetwork network) throws Exception {
        DualStack.prepare(network);
        DualStack.ROUTING.install(network.pod(1).namespace());
        TestProxy.tproxy(network.pod(1).namespace());
        for (IpFamily family : IpFamily.values()) {
            oneConnection(network, family, OriginalDestination.Found.LOCAL_ADDRESS);
        }
    }

    private static void oneConnection(PodNetwork network, IpFamily family, OriginalDestination.Found found) throws Exception {
        InetSocketAddress wanted = new InetSocketAddress(DualStack.address(network, 1, family), TestProxy.APP_PORT);
        try (TestProxy proxy = new TestProxy(network.pod(1).namespace(), PortRange.DEFAULT)) {
            TestProxy.connect(network.pod(0), wanted.getAddress(), 0).close();
            assertThat(proxy.destinations).containsExactly(new OriginalDestination(new DestinationAddress(wanted), found));
            assertThat(proxy.clientsSeenByApp).extracting(ClientAddress::ip).containsExactly(DualStack.address(network, 0, family));
            assertThat(proxy.connections).singleElement().satisfies(connection -> {
                assertThat(connection.spoofed()).isTrue();
                assertThat(connection.fallbackReason()).isNull();
            });
        }
    }

    @Test
    @Pods(2)
    void saysThatADirectConnectionWasNotRedirected(PodNetwork network) throws Exception {
        // Connection tracking is active and knows the connection, although it wasn't redirected.
        TestProxy.restore(network.pod(1).namespace(), "*nat", "-A PREROUTING -p tcp --dport 1 -j REDIRECT --to-ports 2", "COMMIT");
        InetSocketAddress proxyItself = new InetSocketAddress(network.pod(1).address(), TestProxy.PROXY_PORT);
        try (TestProxy proxy = new TestProxy(network.pod(1).namespace(), PortRange.DEFAULT);
                SocketChannel client = network.pod(0).namespace().call(() -> SocketChannel.open())) {
            client.connect(proxyItself);
            while (proxy.destinations.isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(proxy.destinations.peek()).isEqualTo(new OriginalDestination(new DestinationAddress(proxyItself), OriginalDestination.Found.LOCAL_ADDRESS));
        }
    }

    @Test
    @Pods(2)
    void losesNoneOfManyConnectionsFromOneClient(PodNetwork network) throws Exception {
        DualStack.prepare(network);
        DualStack.ROUTING.install(network.pod(1).namespace());
        TestProxy.redirect(network.pod(1).namespace());
        int held = (int) Math.min(HELD, freeDescriptors() / DESCRIPTORS / 2);
        manyConnections(network, IpFamily.V4, held, CHURNED * held / HELD);
        manyConnections(network, IpFamily.V6, held / 10, CHURNED * held / HELD / 10);
    }

    private static long freeDescriptors() {
        UnixOperatingSystemMXBean system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getMaxFileDescriptorCount() - system.getOpenFileDescriptorCount();
    }

    private static void manyConnections(PodNetwork network, IpFamily family, int holding, int churning) throws Exception {
        InetAddress app = DualStack.address(network, 1, family);
        List<SocketChannel> held = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        try (TestProxy proxy = new TestProxy(network.pod(1).namespace(), PortRange.DEFAULT)) {
            for (int i = 0; i < holding; i++) {
                held.add(TestProxy.connect(network.pod(0), app, 0));
            }
            List<Future<Void>> churn = new ArrayList<>();
            for (int thread = 0; thread < CLIENTS; thread++) {
                Callable<Void> one = () -> {
                    for (int i = 0; i < churning / CLIENTS; i++) {
                        TestProxy.connect(network.pod(0), app, 0).close();
                    }
                    return null;
                };
                churn.add(threads.submit(one));
            }
            for (Future<Void> done : churn) {
                done.get();
            }
            for (SocketChannel client : held) {
                TestProxy.exchange(client);
            }
            assertThat(proxy.clientsSeenByApp).hasSize(holding + churning / CLIENTS * CLIENTS)
                    .extracting(ClientAddress::ip).containsOnly(DualStack.address(network, 0, family));
        } finally {
            threads.shutdownNow();
            TestProxy.close(held);
        }
    }

    /** Shows why source ports must not come from the range of the clients' ports. */
    @Test
    @Pods(2)
    void losesTheConnectionIfBothSourcePortsAreTheSame(PodNetwork network) throws Exception {
        int port = 40_000;
        PolicyRouting.DEFAULT.install(network.pod(1).namespace());
        TestProxy.redirect(network.pod(1).namespace());
        try (TestProxy proxy = new TestProxy(network.pod(1).namespace(), new PortRange(port, port))) {
            assertThatThrownBy(() -> TestProxy.connect(network.pod(0), network.pod(1).address(), port, 1000)).isInstanceOf(IOException.class);
            assertThat(proxy.destinations).isNotEmpty();
        }
    }
}

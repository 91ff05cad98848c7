package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.Listeners;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A whole redirection in pod 1, proved by connections from pod 0 and from pod 1 itself. */
@Timeout(120)
class RedirectionPathCheckTest {
    private static final SocketOptions SOCKETS = SocketOptions.NONE.with(io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT, true);
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final Recorder recorder = new Recorder(loops);
    private final Listeners listeners = new Listeners(loops.next(), SOCKETS, recorder.rules(), recorder, new InetSocketAddress("::", TestProxy.PROXY_PORT));
    private final List<String> order = new ArrayList<>();

    @AfterEach
    void stopLoops() throws InterruptedException {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    /** Rules of the system's own tool. */
    private NamespaceChange rules(String... lines) {
        return new NamespaceChange() {
            @Override
            public void install(NetworkNamespace namespace) throws IOException {
                order.add("rules");
                assertThat(Tool.run(namespace, "ss", "-Hlnt")).contains(":15006");
                assertThat(Tool.run(namespace, "ip", "rule")).contains("0x111");
                DualStack.restore(namespace, lines);
            }

            @Override
            public void verify(NetworkNamespace namespace) {}

            @Override
            public void remove(NetworkNamespace namespace) throws IOException {
                if (!order.contains("no rules")) {
                    assertThat(Tool.run(namespace, "ss", "-Hlnt")).contains(":15006");
                }
                order.add("no rules");
                DualStack.restore(namespace, "*mangle", "COMMIT", "*nat", "COMMIT");
            }

            @Override
            public String toString() {
                return "rules";
            }
        };
    }

    private final NamespaceChange diverting = rules("*mangle",
            "-A PREROUTING -p tcp --dport 8080 ! -i lo -j TPROXY --on-port 15006 --tproxy-mark 0x111/0xfff", "COMMIT",
            "*nat", "-A OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 15006", "COMMIT");

    private Redirection redirection(PodNetwork network, NamespaceChange rules) throws IOException {
        List<PathCheck> checks = new ArrayList<>();
        for (IpFamily family : IpFamily.values()) {
            for (int pod = 0; pod < 2; pod++) {
                for (InetAddress to : List.of(DualStack.address(network, 1, family), DualStack.elsewhere(family))) {
                    checks.add(listeners.pathCheck(network.pod(pod).namespace(), new DestinationAddress(new InetSocketAddress(to, 8080)), Duration.ofSeconds(20)));
                }
            }
        }
        return Redirection.of(listeners, DualStack.ROUTING, rules).withChecks(checks.toArray(new PathCheck[0]));
    }

    @Test
    @Pods(2)
    void provesThatConnectionsArrive(PodNetwork network) throws Exception {
        DualStack.prepare(network);
        NetworkNamespace pod = network.pod(1).namespace();
        Redirection redirection = redirection(network, diverting);
        for (int twice = 0; twice < 2; twice++) {
            redirection.install(pod);
            redirection.verify(pod);
        }
        assertThat(recorder.picked).hasSize(16); // each check twice
        assertThat(recorder.connections).isEmpty(); // and none of them served
        for (int twice = 0; twice < 2; twice++) {
            redirection.remove(pod);
            assertThat(Tool.run(pod, "ss", "-Hlnt")).doesNotContain(":15006");
            assertThat(Tool.run(pod, "ip", "rule")).doesNotContain("0x111");
        }
        assertThat(order).containsExactly("rules", "rules", "no rules", "no rules");
    }

    private void doesNotArrive(PodNetwork network, NamespaceChange rules, DestinationAddress to, Duration limit, String because) throws Exception {
        NetworkNamespace pod = network.pod(1).namespace();
        Redirection redirection = Redirection.of(listeners, DualStack.ROUTING, rules)
                .withChecks(listeners.pathCheck(network.pod(0).namespace(), to, limit));
        redirection.install(pod);
        assertThatThrownBy(() -> redirection.verify(pod)).isInstanceOfSatisfying(RedirectionException.class, failure -> {
            assertThat(failure).hasMessageContaining("can't verify check connection from").hasMessageContaining(because);
            assertThat(failure.failed()).hasSize(1);
        });
        redirection.remove(pod);
    }

    @Test
    @Pods(2)
    void saysHowFarACheckGot(PodNetwork network) throws Exception {
        DualStack.prepare(network);
        NetworkNamespace pod = network.pod(1).namespace();
        DestinationAddress app = new DestinationAddress(new InetSocketAddress(network.pod(1).address(), 8080));
        Duration ample = Duration.ofSeconds(20);
        doesNotArrive(network, rules("*mangle", "COMMIT"), app, ample, "it was not connected");
        doesNotArrive(network, rules("*mangle", "-A PREROUTING -p tcp --dport 8080 -j DROP", "COMMIT"), app, Duration.ofMillis(300), "300 ms");
        // Another program has already changed the destination on the way.
        TestProxy.restore(network.pod(0).namespace(), "*nat", "-A OUTPUT -d 10.77.0.99 -p tcp -j DNAT --to-destination 10.77.0.3", "COMMIT");
        doesNotArrive(network, diverting, new DestinationAddress(new InetSocketAddress("10.77.0.99", 8080)), ample,
                "arrived, but with the destination 10.77.0.3:8080");
        try (ServerSocket other = pod.call(() -> ServerSocketChannel.open()).socket()) {
            other.bind(new InetSocketAddress(8080));
            doesNotArrive(network, rules("*mangle", "COMMIT"), app, Duration.ofSeconds(1), "another listener accepted it");
        }
        doesNotArrive(network, rules("*mangle", "COMMIT"), new DestinationAddress(new InetSocketAddress(network.pod(1).address(), TestProxy.PROXY_PORT)), ample,
                "is the proxy itself");
    }

    @Test
    @Pods(2)
    void undoesListenersAndRoutingIfTheRulesFail(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(1).namespace();
        Redirection redirection = Redirection.of(listeners, PolicyRouting.DEFAULT, rules("*mangle", "-A NOWHERE -j ACCEPT", "COMMIT"));
        assertThatThrownBy(() -> redirection.install(pod)).isInstanceOfSatisfying(RedirectionException.class, failure -> {
            assertThat(failure.failed()).containsExactly("rules");
            assertThat(failure.undone()).containsExactly("policy routing of mark 0x111/0xfff by table 100", listeners.toString());
        });
        assertThat(Tool.run(pod, "ss", "-Hlnt")).doesNotContain(":15006");
        assertThat(Tool.run(pod, "ip", "rule")).doesNotContain("0x111");
    }

    @Test
    @Pods(2)
    void beginsNothingIfTheListenerFails(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(1).namespace();
        try (ServerSocket other = pod.call(() -> ServerSocketChannel.open()).socket()) {
            other.bind(new InetSocketAddress(TestProxy.PROXY_PORT));
            assertThatThrownBy(() -> redirection(network, diverting).install(pod)).isInstanceOf(RedirectionException.class)
                    .hasMessageContaining("can't install listeners on").hasMessageContaining("15006");
            assertThat(Tool.run(pod, "ip", "rule")).doesNotContain("0x111");
            assertThat(order).isEmpty();
        }
    }
}

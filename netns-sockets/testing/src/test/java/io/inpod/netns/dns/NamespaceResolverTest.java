package io.inpod.netns.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.Lookalikes;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.BlockingOperationException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each pod's name server, at the same address, has another answer; so has the one in this process's own namespace. */
@Pods(0)
class NamespaceResolverTest {
    private static final InetSocketAddress SERVER = new InetSocketAddress(Lookalikes.ADDRESS, 53);
    private static final DnsConfig CONFIG = DnsConfig.ofServers(SERVER);

    private EventLoopGroup loops;

    @BeforeEach
    void start() {
        loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    }

    @AfterEach
    void stop() throws InterruptedException {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    private static InetAddress address(String literal) throws UnknownHostException {
        return InetAddress.getByName(literal);
    }

    @Test
    void asksTheServersOfItsOwnNamespace(PodNetwork network) throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(20)) {
            for (int i = 0; i < lookalikes.pods().size(); i++) {
                NetworkNamespace pod = lookalikes.pods().get(i);
                try (NamespaceResolver resolver = NamespaceResolver.open(pod, CONFIG, loops)) {
                    assertThat(resolver.lookUp("web.test")).containsExactly(address("10.98.0." + i));
                    InetSocketAddress unresolved = InetSocketAddress.createUnresolved("web.test", 80);
                    assertThat(resolver.group().getResolver(loops.next()).resolve(unresolved).sync().getNow())
                            .isEqualTo(new InetSocketAddress(address("10.98.0." + i), 80));
                }
                if (i % 7 == 0) {
                    assertThat(Tool.run(pod, "dig", "+short", "@" + Lookalikes.ADDRESS, "web.test")).isEqualTo("10.98.0." + i + "\n");
                }
            }
            try (NetworkNamespace own = NetworkNamespace.current(); NamespaceResolver decoy = NamespaceResolver.open(own, CONFIG, loops)) {
                assertThat(decoy.lookUp("web.test")).containsExactly(address("10.98.0.20"));
            }
        }
    }

    @Test
    void asksOverTcpInItsNamespaceIfTheAnswerIsTooLong(PodNetwork network) throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(2)) {
            for (int i = 0; i < 2; i++) {
                try (NamespaceResolver resolver = NamespaceResolver.open(lookalikes.pods().get(i), CONFIG, loops)) {
                    assertThat(resolver.lookUp("big.test")).isNotEmpty().containsOnly(address("10.98.0." + i));
                }
            }
        }
    }

    @Test
    void usesSearchDomainsAndHosts(PodNetwork network) throws Exception {
        Map<String, List<InetAddress>> hosts = Map.of("Mine", List.of(address("::7"), address("10.1.2.3")));
        DnsConfig config = new DnsConfig(List.of(SERVER), List.of("search.test"), 1, Duration.ofSeconds(5), hosts);
        try (Lookalikes lookalikes = new Lookalikes(2); NamespaceResolver resolver = NamespaceResolver.open(lookalikes.pods().get(1), config, loops)) {
            assertThat(resolver.lookUp("short")).containsExactly(address("10.97.0.1"));
            assertThat(resolver.lookUp("mine")).containsExactly(address("10.1.2.3"));
            assertThat(resolver.lookUp("MINE")).containsExactly(address("10.1.2.3"));
            assertThat(resolver.lookUp("localhost")).containsExactly(address("127.0.0.1"));
            assertThat(resolver.lookUp("10.9.8.7")).containsExactly(address("10.9.8.7"));
        }
    }

    @Test
    void failuresNameTheNamespaceAndTheServers(PodNetwork network) throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(1)) {
            NetworkNamespace pod = lookalikes.pods().get(0);
            try (NamespaceResolver resolver = NamespaceResolver.open(pod, CONFIG, loops)) {
                assertThatThrownBy(() -> resolver.lookUp("nosuch.test")).isInstanceOf(UnknownHostException.class)
                        .hasMessageContaining("no address of nosuch.test in " + pod + " from [/10.99.0.1:53]: ");
                assertThatThrownBy(() -> loops.submit(() -> resolver.lookUp("web.test")).sync()).isInstanceOf(BlockingOperationException.class);
            }
            DnsConfig silent = new DnsConfig(List.of(new InetSocketAddress("10.99.0.1", 54)), List.of(), 1, Duration.ofMillis(20), Map.of());
            try (NamespaceResolver resolver = NamespaceResolver.open(pod, silent, loops)) {
                assertThatThrownBy(() -> resolver.lookUp("web.test")).isInstanceOf(UnknownHostException.class).hasMessageContaining("10.99.0.1:54");
            }
        }
        NetworkNamespace closed = network.node().duplicate();
        closed.close();
        assertThatThrownBy(() -> NamespaceResolver.open(closed, CONFIG, loops)).isInstanceOf(ClosedChannelException.class);
    }

    /** Loads the package again, as in an application without netty-resolver-dns. */
    private static final class WithoutNettysResolver extends ClassLoader {
        private WithoutNettysResolver() {
            super(NamespaceResolver.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("io.netty.resolver.dns.")) {
                throw new ClassNotFoundException(name);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded == null && name.startsWith(NamespaceResolver.class.getPackageName() + '.') ? define(name)
                    : loaded == null ? super.loadClass(name, resolve) : loaded;
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream file = getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] code = file.readAllBytes();
                return defineClass(name, code, 0, code.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    @Test
    void namesTheDependencyThatIsMissing(PodNetwork network) throws Exception {
        ClassLoader without = new WithoutNettysResolver();
        Class<?> config = without.loadClass(DnsConfig.class.getName());
        Object servers = config.getMethod("ofServers", InetSocketAddress[].class).invoke(null, (Object) new InetSocketAddress[] {SERVER});
        Method open = without.loadClass(NamespaceResolver.class.getName()).getMethod("open", NetworkNamespace.class, config, EventLoopGroup.class);
        assertThatThrownBy(() -> open.invoke(null, network.node(), servers, loops)).cause().isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("add io.netty:netty-resolver-dns to the dependencies");
    }
}

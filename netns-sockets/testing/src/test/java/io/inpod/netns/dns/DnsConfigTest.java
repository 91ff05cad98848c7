package io.inpod.netns.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DnsConfigTest {
    @TempDir
    private Path etc;

    private Path write(String name, String content) throws IOException {
        Files.createDirectories(etc.resolve(name).getParent());
        return Files.writeString(etc.resolve(name), content);
    }

    private DnsConfig read(String resolvConf, String hosts) throws IOException {
        return DnsConfig.read(write("resolv.conf", resolvConf), write("hosts", hosts));
    }

    @Test
    void readsFiles() throws Exception {
        DnsConfig config = read("""
                # a comment
                nameserver 10.96.0.10
                  nameserver\tfd00::53
                search  a.test b.test
                options timeout:2 ndots:5 rotate
                sortlist 1.2.3.4
                """, """
                127.0.0.1 localhost # this machine
                fe80::1 Pod pod.a.test
                10.0.0.9 pod
                """);
        assertThat(config.servers()).containsExactly(new InetSocketAddress("10.96.0.10", 53), new InetSocketAddress("fd00::53", 53));
        assertThat(config.search()).containsExactly("a.test", "b.test");
        assertThat(config.ndots()).isEqualTo(5);
        assertThat(config.timeout()).isEqualTo(Duration.ofSeconds(2));
        assertThat(config.hosts()).containsOnlyKeys("localhost", "pod", "pod.a.test");
        assertThat(config.hosts().get("pod")).containsExactly(InetAddress.getByName("fe80::1"), InetAddress.getByName("10.0.0.9"));
    }

    @Test
    void hasTheDefaultsOfResolvConf() throws Exception {
        DnsConfig missing = DnsConfig.read(etc.resolve("nosuch"), etc.resolve("nosuch"));
        assertThat(missing).isEqualTo(new DnsConfig(List.of(new InetSocketAddress("127.0.0.1", 53)), List.of(), 1, Duration.ofSeconds(5), Map.of()));
        DnsConfig most = read("nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4\noptions ndots:99 timeout:0\ndomain x.test\n", "");
        assertThat(most.servers()).hasSize(3);
        assertThat(most.ndots()).isEqualTo(15);
        assertThat(most.timeout()).isEqualTo(Duration.ofSeconds(1));
        assertThat(most.search()).containsExactly("x.test");
    }

    @Test
    void refusesWhatIsNoAddress() {
        assertThatThrownBy(() -> read("nameserver dns.test\n", "")).isInstanceOf(IOException.class).hasMessageContaining("no address in the line \"nameserver dns.test\"");
        assertThatThrownBy(() -> read("nameserver\n", "")).hasMessageContaining("no address in the line");
        assertThatThrownBy(() -> read("", "pod 10.0.0.1\n")).hasMessageContaining("hosts has no address in the line \"pod 10.0.0.1\"");
        assertThatThrownBy(DnsConfig::ofServers).hasMessage("at least one name server is needed");
    }

    @Test
    @Pods(0)
    void prefersTheFilesOfTheNamespacesName(PodNetwork network) throws Exception {
        write("resolv.conf", "nameserver 10.0.0.1\n");
        write("hosts", "10.0.0.2 common\n");
        assertThat(DnsConfig.of(network.node(), etc).servers()).containsExactly(new InetSocketAddress("10.0.0.1", 53));
        assertThat(network.node().names()).isEmpty();
        Tool.run(network.node(), "ip", "netns", "add", "named");
        try (NetworkNamespace named = NetworkNamespace.named("named"); NetworkNamespace again = NetworkNamespace.adopt(named.fd().duplicate())) {
            assertThat(again.names()).containsExactly("named");
            assertThat(DnsConfig.of(again, etc).servers()).containsExactly(new InetSocketAddress("10.0.0.1", 53));
            write("netns/named/resolv.conf", "nameserver 10.0.0.3\n");
            write("netns/another/resolv.conf", "nameserver 10.0.0.4\n");
            assertThat(DnsConfig.of(again, etc)).isEqualTo(new DnsConfig(List.of(new InetSocketAddress("10.0.0.3", 53)), List.of(), 1, Duration.ofSeconds(5),
                    Map.of("common", List.of(InetAddress.getByName("10.0.0.2")))));
            Tool.run(network.node(), "ip", "netns", "attach", "another", Long.toString(processIn(named)));
            assertThat(again.names()).containsExactly("another", "named");
            assertThatThrownBy(() -> DnsConfig.of(again, etc)).isInstanceOf(IOException.class).hasMessageContaining("several names").hasMessageContaining("[another, named]");
        } finally {
            Tool.tryRun(network.node(), "ip", "netns", "delete", "another");
            Tool.run(network.node(), "ip", "netns", "delete", "named");
            sleeper.close();
        }
    }

    private ChildProcess sleeper;

    private long processIn(NetworkNamespace namespace) throws IOException {
        sleeper = ChildProcess.start(Tool.inside(namespace, "sh", "-c", "echo ready; exec sleep 600"));
        sleeper.expect("ready");
        return sleeper.handle().pid();
    }
}

package io.inpod.netns.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.inpod.netns.dns.NamespaceResolver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pods on two nodes with a router between them. */
@Pods(names = {"web", "db", "spare"}, nodes = 2, perClass = true)
class PodNetworkTest {
    private static ChildProcess server;

    @BeforeAll
    static void serve(PodNetwork network, @TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("stock"), "7 chairs");
        server = network.pod("db").start(new ProcessBuilder("python3", "-m", "http.server", "--bind", "::", "8080").directory(directory.toFile()));
        server.awaitPort(8080);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-4", "-6"})
    void processesFindEachOtherByNameAcrossNodes(String family, PodNetwork network) throws Exception {
        ChildProcess client = network.pod("web").start("curl", "-sS", "-m", "30", family, "-w", "\n%{remote_ip}", "http://db:8080/stock");

        assertThat(client.awaitExit()).as(client.output()).isZero();
        assertThat(client.output()).isEqualTo("7 chairs\n" + (family.equals("-4") ? "10.77.1.2" : "fd10:77:0:1::2"));
    }

    @Test
    void addressesAreThoseThatTheKernelHas(PodNetwork network) throws Exception {
        String[][] expected = {{"web", "10.77.0.2/24", "fd10:77::2/64"}, {"db", "10.77.1.2/24", "fd10:77:0:1::2/64"}, {"spare", "10.77.0.3/24", "fd10:77::3/64"}};
        for (String[] row : expected) {
            Pod pod = network.pod(row[0]);
            assertThat(Tool.run(pod.namespace(), "ip", "-o", "address", "show", "dev", "eth0")).contains(row[1] + " ", row[2] + " ").doesNotContain("tentative scope global");
            assertThat(List.of(pod.address(), pod.address6())).containsExactly(InetAddress.getByName(row[1].split("/")[0]), InetAddress.getByName(row[2].split("/")[0]));
            assertThat(Tool.run(pod.node(), "ip", "-o", "link", "show", "master", PodNetwork.BRIDGE)).contains(" " + pod.link() + "@");
        }
        assertThat(network.nodes()).hasSize(2).doesNotHaveDuplicates();
        assertThat(Tool.run(network.node(), "ip", "-6", "route", "get", "fd10:77:0:1::2")).contains("dev " + PodNetwork.UPLINK);
        assertThat(Tool.run(network.router().orElseThrow(), "ip", "-o", "-4", "address")).contains("node0", "node1");
    }

    @Test
    void aProcessHasThePodsHostName(PodNetwork network) throws Exception {
        Path hostName = Path.of("/proc/sys/kernel/hostname");
        String own = Files.readString(hostName) + Files.readString(Path.of("/etc/hosts"));

        ChildProcess shell = network.pod("web").start("sh", "-c", "cat /proc/sys/kernel/hostname; echo $INPOD_POD; cat /etc/hosts");

        assertThat(shell.awaitExit()).isZero();
        assertThat(shell.output()).startsWith("web\nweb\n127.0.0.1 localhost\n").contains("\n10.77.1.2 db\n", "\nfd10:77:0:1:0:0:0:2 db\n");
        assertThat(Files.readString(hostName) + Files.readString(Path.of("/etc/hosts"))).isEqualTo(own);
    }

    /** Runs in a pod. */
    static final class Names {
        public static void main(String[] args) throws IOException {
            System.out.println(InetAddress.getLocalHost() + " and " + InetAddress.getByName(args[0]));
        }
    }

    @Test
    void aJvmInAPodFindsTheNames(PodNetwork network) throws Exception {
        ChildProcess jvm = network.pod("web").startJava(Names.class, "db");

        assertThat(jvm.lineWith(" and ")).isEqualTo("web/10.77.0.2 and db/10.77.1.2");
        assertThat(jvm.awaitExit()).isZero();
    }

    @Test
    void thisProcessFindsTheNames(PodNetwork network) throws Exception {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (NamespaceResolver resolver = NamespaceResolver.open(network.pod("web").namespace(), network.dns(), loops)) {
            assertThat(resolver.lookUp("db")).containsExactly(network.pod("db").address());
        } finally {
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    @Test
    void whatIsWrongIsNamed(PodNetwork network) {
        assertThatIllegalArgumentException().isThrownBy(() -> network.pod("cache")).withMessage("no pod is called cache, only web, db, spare");
        assertThatIllegalArgumentException().isThrownBy(() -> PodNetwork.create(List.of("a_b"), 1)).withMessageContaining("unlike \"a_b\"");
        assertThatIllegalArgumentException().isThrownBy(() -> PodNetwork.create(List.of("a", "a"), 1)).withMessageContaining("unlike [a, a]");
        assertThatIllegalArgumentException().isThrownBy(() -> PodNetwork.create(List.of("a"), 0)).withMessageContaining("nodes, not 0");
        assertThatIllegalArgumentException().isThrownBy(() -> PodNetwork.create(251)).withMessageContaining("not 251");
    }
}

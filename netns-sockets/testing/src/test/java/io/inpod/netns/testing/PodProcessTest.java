package io.inpod.netns.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Processes in pods, as values. */
@Pods(1)
class PodProcessTest {
    private static boolean runs(long pid) {
        return !Survey.target(Path.of("/proc", Long.toString(pid), "ns/net")).isEmpty(); // not even one whose end nobody waits for
    }

    @Test
    void onlyItsOwnPortCounts(PodNetwork network) throws Exception {
        Pod pod = network.pod(0);
        ChildProcess server = pod.start("sh", "-c", "socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo hello' & echo started; wait");
        ChildProcess other = pod.start("sh", "-c", "echo ready; read line; exit 3");
        other.expect("ready");

        server.awaitPort(8080); // a child's

        assertThat(Tool.run(pod.namespace(), "socat", "-u", "TCP:127.0.0.1:8080", "-")).isEqualTo("hello\n");
        assertThat(ListeningPort.isOf(server.handle(), 8080)).isTrue();
        assertThat(ListeningPort.isOf(server.handle(), 8081)).isFalse();
        assertThat(ListeningPort.isOf(other.handle(), 8080)).as("another process of the same pod").isFalse();
        other.say("end");
        assertThatThrownBy(() -> other.awaitPort(8080)).isInstanceOf(AssertionError.class)
                .hasMessageContaining("pod-0: sh -c").hasMessageContaining("has ended with 3; awaited: TCP port 8080; printed: ready");
    }

    @Test
    void outputIsKeptAfterTheEnd(PodNetwork network) throws Exception {
        ChildProcess process = network.pod(0).start("sh", "-c", "echo out; echo err >&2; exec sleep 600");
        process.lineWith("err");

        process.close();

        assertThat(process.handle().isAlive()).isFalse();
        assertThat(process.output()).isEqualTo("out\nerr\n");
    }

    @Test
    void aProgramThatIsMissingIsNamed(PodNetwork network) throws Exception {
        ChildProcess process = network.pod(0).start("/no/such/program");

        assertThatThrownBy(() -> process.lineWith("ready")).isInstanceOf(AssertionError.class).hasMessageContaining("/no/such/program: not found");
    }

    @Test
    void everythingEndsWithTheNetwork(PodNetwork ignored) throws Exception {
        PodNetwork network = PodNetwork.create(1);
        ChildProcess parent;
        ChildProcess daemon;
        long child;
        long left;
        try (network) {
            parent = network.pod(0).start("sh", "-c", "sleep 600 & echo $!; wait");
            child = Long.parseLong(parent.line("its child"));
            daemon = network.pod(0).start("sh", "-c", "(trap '' TERM HUP; sleep 600 </dev/null >/dev/null 2>&1 & echo $!)");
            left = Long.parseLong(daemon.line("what it leaves"));
            assertThat(daemon.awaitExit()).isZero();
            assertThat(runs(child) && runs(left)).isTrue();
        }
        assertThat(parent.handle().isAlive()).isFalse();
        assertThat(runs(child)).as("a child").isFalse();
        assertThat(runs(left)).as("a daemon").isFalse();
        assertThatThrownBy(() -> network.pod(0).start("true")).isInstanceOf(IOException.class).hasMessage("can't start true in pod-0: its network is closed");
    }
}

package io.inpod.benchmarks;

import io.inpod.iptables.Listing;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures applying the whole redirection of a new pod, both families with DNS: by netlink, and in istio-cni's way, with two listings and
 * two restores, each a program. The cost of entering the namespace and starting a shell there is measured separately, to be subtracted.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class PodRulesBenchmark {
    private static final String LIST_AND_RESTORE = "iptables-save >/dev/null && ip6tables-save >/dev/null"
            + " && iptables-restore --noflush <%s && ip6tables-restore --noflush <%s";

    /** A pod without rules for each call. */
    @State(Scope.Thread)
    public static class NewPod {
        NetworkNamespace namespace;

        /** Creates the pod. */
        @Setup(Level.Invocation)
        public void open() throws IOException {
            namespace = NetworkNamespace.create();
        }

        /** Closes the pod. */
        @TearDown(Level.Invocation)
        public void close() {
            namespace.close();
        }
    }

    /** One pod that has its rules. */
    @State(Scope.Thread)
    public static class OldPod {
        NetworkNamespace shared;
        NetworkNamespace inet;

        /** Creates the pod. */
        @Setup
        public void open() throws IOException {
            shared = NetworkNamespace.create();
            inet = NetworkNamespace.create();
            NetlinkBackend.iptables().apply(shared, PodRules.NAMES, preset().shared());
            NetlinkBackend.inet().apply(inet, PodRules.NAMES, preset().inet());
        }

        /** Closes the pod. */
        @TearDown
        public void close() {
            shared.close();
            inet.close();
        }
    }

    /** A new pod's rules. */
    @State(Scope.Benchmark)
    public static class NewRules {
        /** Whether the guard is among the rules. Without it they are istio-cni's, rule for rule. */
        @Param({"true", "false"})
        public boolean guard;

        RuleSet shared;
        RuleSet inet;
        Path v4;
        Path v6;

        /** Builds the rules, and writes the files that the programs read. */
        @Setup
        public void write() throws IOException {
            PodRules rules = preset().withGuard(guard);
            shared = rules.shared();
            inet = rules.inet();
            v4 = Files.writeString(Files.createTempFile("rules", ".v4"), IptablesRestore.render(rules.ruleSet(IpFamily.V4), IpFamily.V4));
            v6 = Files.writeString(Files.createTempFile("rules", ".v6"), IptablesRestore.render(rules.ruleSet(IpFamily.V6), IpFamily.V6));
        }

        /** Deletes the files. */
        @TearDown
        public void delete() throws IOException {
            Files.delete(v4);
            Files.delete(v6);
        }
    }

    static PodRules preset() {
        return PodRules.of(InPodRedirection.of(IpFamily.V4).withDnsCapture(true), InPodRedirection.of(IpFamily.V6).withDnsCapture(true));
    }

    /** Applies rules that iptables-save lists. */
    @Benchmark
    public void applyByNetlink(NewPod pod, NewRules rules) throws IOException {
        NetlinkBackend.iptables().apply(pod.namespace, PodRules.NAMES, rules.shared);
    }

    /** Applies rules in separate {@code inet} tables. */
    @Benchmark
    public void applyByNetlinkInet(NewPod pod, NewRules rules) throws IOException {
        NetlinkBackend.inet().apply(pod.namespace, PodRules.NAMES, rules.inet);
    }

    /** Applies rules in istio-cni's way. */
    @Benchmark
    public void applyByPrograms(NewPod pod, NewRules rules) throws Exception {
        shell(pod.namespace, LIST_AND_RESTORE.formatted(rules.v4, rules.v6));
    }

    /** Does {@link #applyByPrograms} without the programs, to be subtracted from it. */
    @Benchmark
    public void shellInNamespace(NewPod pod) throws Exception {
        shell(pod.namespace, ":");
    }

    /** Reads what verification reads. */
    @Benchmark
    public Listing readByNetlink(OldPod pod) throws IOException {
        return NetlinkBackend.iptables().read(pod.shared, PodRules.NAMES);
    }

    /** Reads what verification reads, from {@code inet} tables. */
    @Benchmark
    public Listing readByNetlinkInet(OldPod pod) throws IOException {
        return NetlinkBackend.inet().read(pod.inet, PodRules.NAMES);
    }

    /** Builds checked values from options. */
    @Benchmark
    public RuleSet build() {
        return preset().shared();
    }

    /** Builds the expressions to send from options. */
    @Benchmark
    public void buildAndRender() {
        NetlinkBackend.iptables().check(PodRules.NAMES, preset().shared());
    }

    /** Builds the expressions to send from options, for one family. */
    @Benchmark
    public void buildAndRenderIpv4() {
        NetlinkBackend.iptables().check(PodRules.NAMES, preset().ruleSet(IpFamily.V4));
    }

    /** Builds the expressions to send from options, for {@code inet} tables. */
    @Benchmark
    public void buildAndRenderInet() {
        NetlinkBackend.inet().check(PodRules.NAMES, preset().inet());
    }

    static void shell(NetworkNamespace namespace, String command) throws Exception {
        int fd = namespace.fd().acquire();
        try {
            Process process = new ProcessBuilder(
                    List.of("nsenter", "--net=/proc/" + ProcessHandle.current().pid() + "/fd/" + fd, "sh", "-c", command))
                    .inheritIO().start();
            if (process.waitFor() != 0) {
                throw new IOException(command + " ended with " + process.exitValue());
            }
        } finally {
            namespace.fd().release();
        }
    }
}

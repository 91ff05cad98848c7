package io.inpod.benchmarks;

import io.inpod.iptables.Chain;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Measures 10,000 rules in one transaction, by netlink and by {@code nft -f}, and the rules of 500 pods, one pod after another. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 5)
@Measurement(iterations = 10)
public class ManyRulesBenchmark {
    private static final int RULES = 10_000;
    private static final int PODS = 500;

    /** The same rules as values and as a script. */
    @State(Scope.Benchmark)
    public static class Rules {
        final RuleSet rules;
        final ManagedNames names;
        Path script;

        /** Creates the values. */
        public Rules() {
            List<Rule> many = new ArrayList<>();
            for (int i = 0; i < RULES; i++) {
                many.add(Rule.of(new Target.Accept(), Match.protocol(Protocol.TCP),
                        Match.source(IpPrefix.parse("10." + (i >> 8) % 256 + "." + i % 256 + ".1")),
                        Match.destinationPort(Protocol.TCP, Ports.of(1 + i))));
            }
            rules = RuleSet.of(IpFamily.V4,
                    Table.of(TableName.FILTER, Chain.of("INPUT", Rule.of(new Target.Jump("MANY"))), new Chain("MANY", many)));
            names = ManagedNames.of(rules, "many-");
        }

        /** Writes the script. */
        @Setup
        public void write() throws IOException {
            StringBuilder text = new StringBuilder("""
                    add table inet many-filter
                    add chain inet many-filter input { type filter hook input priority 0; }
                    add chain inet many-filter MANY
                    add rule inet many-filter input jump MANY
                    """);
            for (int i = 0; i < RULES; i++) {
                text.append("add rule inet many-filter MANY ip saddr 10.").append((i >> 8) % 256).append('.').append(i % 256)
                        .append(".1 tcp dport ").append(1 + i)
                        .append(" counter accept\n");
            }
            script = Files.writeString(Files.createTempFile("rules", ".nft"), text);
        }

        /** Deletes the script. */
        @TearDown
        public void delete() throws IOException {
            Files.delete(script);
        }
    }

    /** New pods for each call. */
    @State(Scope.Thread)
    public static class Pods {
        final RuleSet rules = PodRulesBenchmark.preset().shared();
        final List<NetworkNamespace> pods = new ArrayList<>();

        /** Creates the pods. */
        @Setup(Level.Invocation)
        public void open() throws IOException {
            for (int i = 0; i < PODS; i++) {
                pods.add(NetworkNamespace.create());
            }
        }

        /** Closes the pods. */
        @TearDown(Level.Invocation)
        public void close() {
            pods.forEach(NetworkNamespace::close);
            pods.clear();
        }
    }

    /** Applies the rules by netlink, in the form in which nft writes them. */
    @Benchmark
    public void tenThousandRulesByNetlink(Rules rules, PodRulesBenchmark.NewPod fresh) throws IOException {
        NetlinkBackend.inet().apply(fresh.namespace, rules.names, rules.rules);
    }

    /** Applies the rules by netlink, in the form in which iptables-nft writes them. */
    @Benchmark
    public void tenThousandRulesByNetlinkForIptables(Rules rules, PodRulesBenchmark.NewPod fresh) throws IOException {
        NetlinkBackend.iptables().apply(fresh.namespace, rules.names, rules.rules);
    }

    /** Applies the rules by nft. */
    @Benchmark
    public void tenThousandRulesByNft(Rules rules, PodRulesBenchmark.NewPod fresh) throws Exception {
        PodRulesBenchmark.shell(fresh.namespace, "nft -f " + rules.script);
    }

    /** Applies the whole redirection of many pods. */
    @Benchmark
    public void fiveHundredPods(Pods pods) throws IOException {
        for (NetworkNamespace pod : pods.pods) {
            NetlinkBackend.iptables().apply(pod, PodRules.NAMES, pods.rules);
        }
    }
}

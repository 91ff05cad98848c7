package io.inpod.benchmarks;

import io.inpod.iptables.Chain;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.Hook;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Measures what one condition costs in 1,000 rules that are created, applied by netlink and verified, to compare kinds of conditions. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 20)
@Measurement(iterations = 20)
@State(Scope.Benchmark)
public class ConditionsBenchmark {
    private static final int RULES = 1000;
    private static final ManagedNames NAMES = new ManagedNames(Set.of("MANY"), "many-", Set.of());

    /** The kind of condition; {@code mark} and {@code limit} are the older ones. */
    @Param({"mark", "limit", "protocol", "random", "nth", "connections"})
    public String kind = "mark";

    /** Uses the tables of iptables. */
    @Benchmark
    public void tablesOfIptables(PodRulesBenchmark.NewPod pod) throws IOException {
        run(NetlinkBackend.iptables(), pod);
    }

    /** Uses {@code inet} tables. */
    @Benchmark
    public void inetTables(PodRulesBenchmark.NewPod pod) throws IOException {
        run(NetlinkBackend.inet(), pod);
    }

    private void run(Backend backend, PodRulesBenchmark.NewPod pod) throws IOException {
        List<Rule> rules = new ArrayList<>(RULES);
        for (int i = 1; i <= RULES; i++) {
            rules.add(Rule.of(new Target.Drop(), condition(i)));
        }
        RuleSet all = RuleSet.of(IpFamily.V4,
                Table.of(TableName.FILTER, Chain.of(Hook.INPUT.name(), Rule.of(new Target.Jump("MANY"))), new Chain("MANY", rules)));
        backend.apply(pod.namespace, NAMES, all);
        List<String> differences = Differences.between(backend.read(pod.namespace, NAMES), all);
        if (!differences.isEmpty()) {
            throw new IllegalStateException(differences.toString());
        }
    }

    private Match condition(int i) {
        return switch (kind) {
            case "mark" -> Match.mark(Mark.exactly(i));
            case "limit" -> new LimitMatch(i, LimitMatch.Per.HOUR, 1);
            case "protocol" -> Match.protocol(132);
            case "random" -> Match.random(i / 1001.0);
            case "nth" -> Match.everyNth(1 + i);
            case "connections" -> Match.connectionsAbove(i, ConnlimitMatch.Counted.ALL);
            default -> throw new IllegalArgumentException(kind);
        };
    }
}

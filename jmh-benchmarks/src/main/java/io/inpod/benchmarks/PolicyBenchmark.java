package io.inpod.benchmarks;

import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Policy.Action;
import io.inpod.examples.ztunnel.mesh.Policy.Clause;
import io.inpod.examples.ztunnel.mesh.Policy.Match;
import io.inpod.examples.ztunnel.mesh.Policy.Rule;
import io.inpod.examples.ztunnel.mesh.Policy.Scope;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.policy.Authorization;
import io.inpod.examples.ztunnel.policy.Policies;
import io.inpod.examples.ztunnel.policy.Verdict;
import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
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
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A decision about a connection to a workload that 20 policies concern, the last of which allows it: ten DENY policies on source addresses,
 * and ten ALLOW policies on principals and ports. Others have as many as the parameter says, which must make no difference.
 */
@State(org.openjdk.jmh.annotations.Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class PolicyBenchmark {
    private static final int CONCERNED = 20;

    /** How many policies concern other workloads. */
    @Param({"0", "10000"})
    public int others;

    private final Workload workload = Workload.builder("w", "shop").build();
    private Mesh mesh;
    private Policies policies;
    private Attempt attempt;

    /** Builds the mesh. */
    @Setup
    public void build() throws UnknownHostException {
        MeshChange change = Mesh.EMPTY.change();
        for (int i = 0; i < CONCERNED; i++) {
            change.put(new Policy("shop", "p" + i, Scope.NAMESPACE, i % 2 == 0 ? Action.DENY : Action.ALLOW, false,
                    List.of(new Rule(List.of(new Clause(List.of(i % 2 == 0 ? from(i) : principal(i)))))), null));
        }
        for (int i = 0; i < others; i++) {
            change.put(new Policy("other" + i % 100, "p" + i, Scope.NAMESPACE, Action.DENY, false, List.of(new Rule(List.of())), null));
        }
        mesh = change.build();
        policies = Policies.of(mesh, workload);
        attempt = new Attempt(InetAddress.getByName("10.0.0.1"), new SpiffeId("cluster.local", "team", "web"),
                new InetSocketAddress(InetAddress.getByName("10.0.0.2"), 8080));
        if (!decide().reason().equals("allowed by: shop/p9")) {
            throw new IllegalStateException(decide().reason());
        }
    }

    private static Match from(int i) throws UnknownHostException {
        return new Match(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(),
                List.of(new AddressBlock(InetAddress.getByName("10." + (i + 1) + ".0.0"), 16),
                        new AddressBlock(InetAddress.getByName("fd00::"), 8)),
                List.of(), List.of(), List.of(), Set.of(), Set.of());
    }

    /** The policy whose name is the last in their order has the client's. */
    private static Match principal(int i) {
        return new Match(List.of(), List.of(), List.of(), List.of(),
                List.of(new TextMatch(TextMatch.Kind.EXACT, "cluster.local/ns/team/sa/" + (i == 9 ? "web" : "other")),
                        new TextMatch(TextMatch.Kind.PREFIX, "cluster.local/ns/friends/")),
                List.of(), List.of(), List.of(), List.of(), List.of(), Set.of(8080), Set.of());
    }

    /** As the data path decides: the policies that concern the pod are found and prepared once for each change. */
    @Benchmark
    public Verdict decide() {
        return policies.decide(attempt, Trace.NONE);
    }

    /** What a change of the mesh that doesn't concern the pod costs it. */
    @Benchmark
    public Policies unchanged() {
        return policies.in(mesh, workload);
    }

    /** From the mesh, with nothing prepared. */
    @Benchmark
    public Verdict decideAtOnce() {
        return Authorization.decide(mesh, workload, attempt, Trace.NONE);
    }
}

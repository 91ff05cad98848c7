package io.inpod.examples.ztunnel.explain;

import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.policy.Authorization;
import io.inpod.examples.ztunnel.policy.Policies;
import io.inpod.examples.ztunnel.policy.Verdict;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What changes if one state of the mesh is replaced by another. Nothing is applied. */
public final class Comparison {
    /** How many pairs of client and destination are decided about, each twice. */
    static final int MOST_PAIRS = 200_000;
    /** Stands for every port that neither a service nor a policy names. */
    static final int ANY_OTHER_PORT = 65_535;

    private final Explainer explainer;
    private final Mesh before;
    private final Mesh after;
    private int left = MOST_PAIRS;

    /**
     * Prepares a comparison.
     *
     * @param explainer explains connections
     * @param before the state that counts now
     * @param after the state that would replace it
     */
    public Comparison(Explainer explainer, Mesh before, Mesh after) {
        this.explainer = explainer;
        this.before = before;
        this.after = after;
    }

    /**
     * Returns the open connections that the change would cut.
     *
     * @param open those that are open
     * @return a line for each
     */
    public List<String> cut(Collection<OpenConnection> open) {
        List<String> lines = new ArrayList<>();
        for (OpenConnection connection : open) {
            Optional<Workload> pod = after.workload(connection.uid());
            Verdict verdict = pod.map(now -> Authorization.decide(after, now, connection.attempt(), Trace.NONE)).orElse(null);
            if (verdict == null || !verdict.allowed()) {
                lines.add(client(connection) + " -> " + NetUtil.toSocketAddressString(connection.attempt().destination()) + " ("
                        + connection.uid() + "): " + (verdict == null ? "the mesh doesn't have the workload any more" : verdict.reason()));
            }
        }
        lines.sort(Comparator.naturalOrder());
        return lines;
    }

    private static String client(OpenConnection connection) {
        Object identity = connection.attempt().identity();
        return connection.attempt().source().getHostAddress() + (identity == null ? " without identity" : " " + identity);
    }

    /**
     * Returns the pairs of workloads between which something would change: a connection that was carried and won't be, or the reverse, or
     * one that changes between tunnel and plaintext.
     *
     * @return a line for each, and one more if there are too many pairs to look at
     */
    public List<String> pairs() {
        List<String> lines = new ArrayList<>();
        List<Workload> all = both();
        List<Workload> changedClients = all.stream().filter(workload -> !isSame(workload)).toList();
        long skipped = 0;
        for (Workload to : all) {
            List<Workload> clients = hasChanged(to) ? all : changedClients;
            for (int i = 0; i < clients.size(); i++) {
                if (left <= 0) {
                    skipped += clients.size() - i;
                    break;
                }
                if (!clients.get(i).uid().equals(to.uid())) {
                    compare(clients.get(i), to, lines);
                }
            }
        }
        if (skipped > 0) {
            lines.add("and " + skipped + " pairs of workloads that were not looked at");
        }
        return lines;
    }

    private List<Workload> both() {
        List<Workload> all = new ArrayList<>(after.workloads());
        before.workloads().stream().filter(workload -> after.workload(workload.uid()).isEmpty()).forEach(all::add);
        all.sort(Comparator.comparing(Workload::uid));
        return all;
    }

    private boolean isSame(Workload workload) {
        return before.workload(workload.uid()).equals(after.workload(workload.uid()));
    }

    private boolean hasChanged(Workload workload) {
        Optional<Workload> old = before.workload(workload.uid());
        Optional<Workload> now = after.workload(workload.uid());
        if (!old.equals(now) || old.isEmpty()) {
            return true;
        }
        Policies policies = Policies.of(before, old.get());
        return policies != policies.in(after, now.orElseThrow());
    }

    private void compare(Workload from, Workload to, List<String> lines) {
        List<InetAddress> addresses = to.addresses();
        if (addresses.isEmpty()) {
            return;
        }
        String host = addresses.get(0).getHostAddress();
        for (int port : ports(to)) {
            left--;
            String old = outcome(before, from, host, port);
            String now = outcome(after, from, host, port);
            if (!old.equals(now)) {
                lines.add(name(from) + " -> " + name(to) + " port " + (port == ANY_OTHER_PORT ? "any other" : port) + ": " + old + " -> "
                        + now);
            }
        }
    }

    private String outcome(Mesh mesh, Workload from, String host, int port) {
        Optional<Workload> client = mesh.workload(from.uid());
        if (client.isEmpty()) {
            return "no client";
        }
        Way way = explainer.explain(mesh, client.get(), host, port).get(0);
        return !way.carried() ? way.result() : way.result().startsWith("in plaintext") ? "plaintext" : "tunnel";
    }

    private static String name(Workload workload) {
        return workload.name().isEmpty() ? workload.uid() : workload.namespace() + "/" + workload.name();
    }

    /** Those at which something may differ: where services lead, and what policies name. */
    private Set<Integer> ports(Workload to) {
        Set<Integer> ports = new TreeSet<>(List.of(ANY_OTHER_PORT));
        for (Mesh mesh : List.of(before, after)) {
            mesh.workload(to.uid()).ifPresent(workload -> {
                workload.services().keySet().forEach(service -> add(mesh, service, to.uid(), ports));
                policies(mesh, workload).forEach(policy -> policy.rules().stream().flatMap(rule -> rule.clauses().stream())
                        .flatMap(clause -> clause.matches().stream()).forEach(match -> {
                            ports.addAll(match.destinationPorts());
                            ports.addAll(match.notDestinationPorts());
                        }));
            });
        }
        return ports;
    }

    private static void add(Mesh mesh, ServiceName service, String uid, Set<Integer> ports) {
        mesh.service(service).ifPresent(known -> known.ports().targets().values().stream().filter(port -> port > 0).forEach(ports::add));
        mesh.endpoints(service).stream().filter(endpoint -> endpoint.workloadUid().equals(uid)).map(Endpoint::ports)
                .forEach(own -> own.targets().values().stream().filter(port -> port > 0).forEach(ports::add));
    }

    private static List<Policy> policies(Mesh mesh, Workload workload) {
        List<Policy> policies = new ArrayList<>(mesh.globalPolicies());
        policies.addAll(mesh.policiesOf(workload.namespace()));
        workload.policies().stream().map(name -> mesh.policy(name).orElse(null)).filter(Objects::nonNull).forEach(policies::add);
        return policies;
    }
}

package io.inpod.examples.ztunnel.policy;

import io.inpod.examples.ztunnel.mesh.AccountMatch;
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
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Meshes, policies and connections in a few words. */
final class Sample {
    static final SpiffeId CLIENT = new SpiffeId("cluster.local", "team", "web");

    private Sample() {}

    static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    /** The workload "shop/api", which names these policies. */
    static Workload workload(String... policies) {
        return Workload.builder("w", "shop").name("api").policies(List.of(policies)).build();
    }

    static Mesh mesh(Policy... policies) {
        MeshChange change = Mesh.EMPTY.change();
        Stream.of(policies).forEach(change::put);
        return change.build();
    }

    static Policy policy(String fullName, Scope scope, Action action, Rule... rules) {
        String[] parts = fullName.split("/");
        return new Policy(parts[0], parts[1], scope, action, false, List.of(rules), null);
    }

    static Policy dryRun(Policy policy) {
        return new Policy(policy.namespace(), policy.name(), policy.scope(), policy.action(), true, policy.rules(), policy.unreadable());
    }

    static Policy unreadable(Policy policy, String why) {
        return new Policy(policy.namespace(), policy.name(), policy.scope(), policy.action(), policy.dryRun(), policy.rules(), why);
    }

    static Policy deny(Rule... rules) {
        return policy("shop/deny", Scope.NAMESPACE, Action.DENY, rules);
    }

    static Policy allow(Rule... rules) {
        return policy("shop/allow", Scope.NAMESPACE, Action.ALLOW, rules);
    }

    /** One clause for each match. */
    static Rule rule(Match... clauses) {
        return new Rule(Stream.of(clauses).map(match -> new Clause(List.of(match))).toList());
    }

    /** A rule that matches everything. */
    static Rule all() {
        return new Rule(List.of());
    }

    /** From pairs of a key of the configuration and its values, which are separated by spaces. */
    static Match match(String... pairs) {
        Map<String, String> given = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            given.put(pairs[i], pairs[i + 1]);
        }
        Match match = new Match(texts(given.remove("namespaces")), texts(given.remove("notNamespaces")),
                accounts(given.remove("serviceAccounts")), accounts(given.remove("notServiceAccounts")),
                texts(given.remove("principals")), texts(given.remove("notPrincipals")),
                blocks(given.remove("sourceIps")), blocks(given.remove("notSourceIps")),
                blocks(given.remove("destinationIps")), blocks(given.remove("notDestinationIps")),
                ports(given.remove("destinationPorts")), ports(given.remove("notDestinationPorts")));
        if (!given.isEmpty()) {
            throw new AssertionError(given);
        }
        return match;
    }

    private static Stream<String> words(String text) {
        return text == null ? Stream.of() : Stream.of(text.split(" "));
    }

    /** In the form of Istio's API: {@code *} alone for presence, in front for a suffix, at the end for a prefix. */
    static List<TextMatch> texts(String text) {
        return words(text).map(word -> word.equals("*") ? new TextMatch(TextMatch.Kind.PRESENCE, "")
                : word.startsWith("*") ? new TextMatch(TextMatch.Kind.SUFFIX, word.substring(1))
                        : word.endsWith("*") ? new TextMatch(TextMatch.Kind.PREFIX, word.substring(0, word.length() - 1))
                                : new TextMatch(TextMatch.Kind.EXACT, word))
                .toList();
    }

    static List<AccountMatch> accounts(String text) {
        return words(text).map(word -> new AccountMatch(word.split("/")[0], word.split("/")[1])).toList();
    }

    static List<AddressBlock> blocks(String text) {
        return words(text).map(word -> new AddressBlock(address(word.split("/")[0]), Integer.parseInt(word.split("/")[1]))).toList();
    }

    private static Set<Integer> ports(String text) {
        return Set.copyOf(words(text).map(Integer::valueOf).toList());
    }

    /** From 10.0.0.1, with an identity, to 10.0.0.2:8080. */
    static Attempt attempt(SpiffeId identity) {
        return new Attempt(address("10.0.0.1"), identity, new InetSocketAddress(address("10.0.0.2"), 8080));
    }

    static Attempt attempt(String source, String destination) {
        return new Attempt(address(source), CLIENT, new InetSocketAddress(address(destination), 8080));
    }

    /** Policies of the workload's namespace that don't match. */
    static Policy[] others(int number) {
        return IntStream.range(0, number)
                .mapToObj(i -> policy("shop/p" + i, Scope.NAMESPACE, Action.DENY, rule(match("namespaces", "other" + i))))
                .toArray(Policy[]::new);
    }
}

package io.inpod.examples.ztunnel.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Policy.Action;
import io.inpod.examples.ztunnel.mesh.Policy.Clause;
import io.inpod.examples.ztunnel.mesh.Policy.Match;
import io.inpod.examples.ztunnel.mesh.Policy.Rule;
import io.inpod.examples.ztunnel.mesh.Policy.Scope;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.identity.SpiffeId;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Random policies and connections are decided as the definition says, which is written down here once more, as literally as possible. */
class RandomPoliciesTest {
    private static final int CASES = 5_000;
    private static final List<String> NAMES = List.of("shop", "team", "root");
    private static final List<String> TEXTS = List.of("shop team", "te*", "*m", "*", "cluster.local/ns/team/sa/web", "other.local/*",
            "*/sa/web", "shop cluster.local/ns/shop/sa/web root");
    private static final List<String> ACCOUNTS = List.of("team/web", "shop/web team/db", "root/db");
    private static final List<String> BLOCKS = List.of("10.0.0.0/8", "10.0.0.1/32 fd00::1/128", "10.0.0.2/31", "0.0.0.0/0", "::/0",
            "fd00::/127", "10.0.0.0/30 10.1.0.0/17");
    private static final List<String> ADDRESSES = List.of("10.0.0.1", "10.0.0.2", "10.1.128.0", "fd00::1", "fd00::2");

    private Random random;

    @Test
    void areDecidedAsDefined() {
        int allowed = 0;
        Set<Verdict.Basis> bases = new java.util.HashSet<>();
        for (int seed = 0; seed < CASES; seed++) {
            int number = seed;
            random = new Random(seed);
            List<Policy> policies = IntStream.range(0, random.nextInt(6)).mapToObj(this::policy).toList();
            Mesh mesh = Sample.mesh(policies.toArray(Policy[]::new));
            Workload workload = Sample.workload(random.nextInt(4) == 0 ? new String[] {one(NAMES) + "/p" + random.nextInt(6)} : new String[0]);
            Attempt attempt = new Attempt(Sample.address(one(ADDRESSES)), identity(),
                    new InetSocketAddress(Sample.address(one(ADDRESSES)), 80 + random.nextInt(2)));
            List<String> steps = new ArrayList<>();
            Verdict verdict = Authorization.decide(mesh, workload, attempt, text -> steps.add(text.get()));
            Supplier<String> described = () -> "seed " + number + ": " + policies + "\n" + workload.policies() + "\n" + attempt + "\n" + steps;
            assertThat(verdict.allowed()).as(described).isEqualTo(isAllowed(mesh, workload, attempt));
            assertThat(Authorization.decide(mesh, workload, attempt, Trace.NONE)).as(described).isEqualTo(verdict);
            assertThat(verdict.dryRun() != null).as(described).isEqualTo(verdict.basis() != Verdict.Basis.POLICY_UNKNOWN
                    && verdict.basis() != Verdict.Basis.POLICY_UNREADABLE
                    && isAllowed(enforced(mesh), workload, attempt) != verdict.allowed());
            allowed += verdict.allowed() ? 1 : 0;
            bases.add(verdict.basis());
        }
        assertThat(allowed).isBetween(CASES / 5, CASES * 4 / 5);
        assertThat(bases).contains(Verdict.Basis.ALLOWED, Verdict.Basis.EXPLICITLY_DENIED, Verdict.Basis.NOT_ALLOWED,
                Verdict.Basis.POLICY_UNKNOWN, Verdict.Basis.POLICY_UNREADABLE);
    }

    private <T> T one(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private SpiffeId identity() {
        return random.nextInt(5) == 0 ? null
                : new SpiffeId(one(List.of("cluster.local", "other.local")), one(NAMES), one(List.of("web", "db")));
    }

    private Policy policy(int number) {
        Policy policy = new Policy(one(NAMES), "p" + number, one(List.of(Scope.values())), one(List.of(Action.values())),
                random.nextInt(4) == 0, list(2, () -> new Rule(list(2, () -> new Clause(list(2, this::match))))), null);
        return random.nextInt(20) == 0 && !policy.dryRun() ? Sample.unreadable(policy, "?") : policy;
    }

    private <T> List<T> list(int most, Supplier<T> element) {
        return IntStream.range(0, random.nextInt(most + 1)).mapToObj(i -> element.get()).toList();
    }

    /** One or two kinds are given. */
    private Match match() {
        String[] kinds = {"namespaces", "principals", "serviceAccounts", "sourceIps", "destinationIps", "destinationPorts"};
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(2); i++) {
            int kind = random.nextInt(6);
            List<String> values = kind < 2 ? TEXTS : kind == 2 ? ACCOUNTS : kind < 5 ? BLOCKS : List.of("80", "81", "80 443");
            String name = kinds[kind];
            pairs.add(random.nextInt(3) == 0 ? "not" + Character.toUpperCase(name.charAt(0)) + name.substring(1) : name);
            pairs.add(one(values));
        }
        return Sample.match(pairs.toArray(String[]::new));
    }

    // The definition.

    private static Mesh enforced(Mesh mesh) {
        return Sample.mesh(mesh.policies().stream().map(p -> new Policy(p.namespace(), p.name(), p.scope(), p.action(), false, p.rules(),
                p.unreadable())).toArray(Policy[]::new));
    }

    private static boolean isAllowed(Mesh mesh, Workload workload, Attempt attempt) {
        if (workload.policies().stream().anyMatch(name -> mesh.policies().stream().noneMatch(p -> p.fullName().equals(name)))) {
            return false;
        }
        List<Policy> concerned = mesh.policies().stream().filter(p -> !p.dryRun()).filter(p -> p.scope() == Scope.GLOBAL
                || p.scope() == Scope.NAMESPACE && p.namespace().equals("shop") || workload.policies().contains(p.fullName())).toList();
        if (concerned.stream().anyMatch(p -> p.unreadable() != null)
                || concerned.stream().anyMatch(p -> p.action() == Action.DENY && matches(p, attempt))) {
            return false;
        }
        return concerned.stream().noneMatch(p -> p.action() == Action.ALLOW)
                || concerned.stream().anyMatch(p -> p.action() == Action.ALLOW && matches(p, attempt));
    }

    private static boolean matches(Policy policy, Attempt attempt) {
        return policy.rules().stream().anyMatch(rule -> rule.clauses().stream().allMatch(clause -> clause.matches().isEmpty()
                || clause.matches().stream().anyMatch(match -> matches(match, attempt, policy.action()))));
    }

    private static boolean matches(Match m, Attempt a, Action action) {
        boolean anonymous = a.identity() == null;
        if (m.equals(Match.EMPTY)) {
            return false;
        }
        if (anonymous && !(m.namespaces().isEmpty() && m.principals().isEmpty() && m.serviceAccounts().isEmpty())) {
            return false;
        }
        boolean excludesSomebody = !m.notNamespaces().isEmpty() || !m.notPrincipals().isEmpty() || !m.notServiceAccounts().isEmpty();
        if (anonymous && excludesSomebody && action == Action.ALLOW) {
            return false;
        }
        if (!anonymous) {
            String namespace = a.identity().namespace();
            String principal = a.identity().toString().replace("spiffe://", "");
            boolean account = m.serviceAccounts().isEmpty() || m.serviceAccounts().stream()
                    .anyMatch(s -> principal.endsWith("/ns/" + s.namespace() + "/sa/" + s.serviceAccount()));
            boolean excluded = m.notServiceAccounts().stream()
                    .anyMatch(s -> principal.endsWith("/ns/" + s.namespace() + "/sa/" + s.serviceAccount()));
            if (!account || excluded || none(m.namespaces(), namespace) || any(m.notNamespaces(), namespace)
                    || none(m.principals(), principal) || any(m.notPrincipals(), principal)) {
                return false;
            }
        }
        int port = a.destination().getPort();
        InetAddress destination = a.destination().getAddress();
        return (m.sourceIps().isEmpty() || isIn(m.sourceIps(), a.source())) && !isIn(m.notSourceIps(), a.source())
                && (m.destinationIps().isEmpty() || isIn(m.destinationIps(), destination)) && !isIn(m.notDestinationIps(), destination)
                && (m.destinationPorts().isEmpty() || m.destinationPorts().contains(port)) && !m.notDestinationPorts().contains(port);
    }

    private static boolean none(List<TextMatch> given, String text) {
        return !given.isEmpty() && !any(given, text);
    }

    private static boolean any(List<TextMatch> given, String text) {
        return given.stream().anyMatch(g -> switch (g.kind()) {
            case EXACT -> g.value().equals(text);
            case PREFIX -> text.indexOf(g.value()) == 0;
            case SUFFIX -> text.matches(".*\\Q" + g.value() + "\\E");
            case PRESENCE -> text.length() > 0;
        });
    }

    private static boolean isIn(List<AddressBlock> blocks, InetAddress address) {
        byte[] bytes = address.getAddress();
        return blocks.stream().anyMatch(block -> {
            byte[] first = block.address().getAddress();
            BigInteger size = BigInteger.TWO.pow(first.length * 8 - block.length());
            BigInteger offset = new BigInteger(1, bytes).subtract(new BigInteger(1, first));
            return first.length == bytes.length && offset.signum() >= 0 && offset.compareTo(size) < 0;
        });
    }
}

package io.inpod.examples.ztunnel.xds;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.istio.SecurityApi;
import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.ztunnel.config.ProxyConfigTest;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is held back, with a clock that isn't real. */
class HeldBackTest implements HeldBack.Timer {
    private static final String HERE = "here";
    private static final List<String> UIDS = List.of("a", "b", "c", "d", "e", "f");
    private static final Duration PATIENCE = Duration.ofNanos(100);

    private final PriorityQueue<Task> tasks = new PriorityQueue<>(Comparator.comparingLong(Task::at));
    private final List<String> givenUp = new ArrayList<>();
    private final List<String> answers = new ArrayList<>();
    private final HeldBack mesh = new HeldBack(HERE, PATIENCE, this, this::givenUp);
    private final PolicySet policies = new PolicySet();
    private AddressSet addresses;
    private long now = Long.MAX_VALUE - 500; // a clock of which only differences count

    private record Task(long at, Runnable what) {}

    @BeforeEach
    void begin() throws Exception {
        addresses = new AddressSet(ProxyConfigTest.config(), new SharedValues(), true);
        mesh.begin();
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public void later(Duration delay, Runnable task) {
        assertThat(delay).isBetween(Duration.ZERO, PATIENCE);
        tasks.add(new Task(now - Long.MAX_VALUE + delay.toNanos(), task));
    }

    private void givenUp(Collection<String> names) {
        assertThat(names).isNotEmpty();
        givenUp.addAll(names);
        mesh.answer();
    }

    private void pass(long nanos) {
        for (long i = 0; i < nanos; i++) {
            now++;
            while (!tasks.isEmpty() && tasks.peek().at <= now - Long.MAX_VALUE) {
                tasks.remove().what.run();
            }
        }
    }

    private void take(ResourceSet type, DeltaDiscoveryResponse response) {
        ResourceSet.Applied applied = type.apply(response, mesh.latest(), false);
        mesh.take(applied);
        mesh.whenItCounts(response, applied, () -> answers.add(response.getNonce()));
        mesh.answer();
    }

    /** A workload of which a new version, by its address, names policies. */
    private void workload(String uid, String node, int version, String... names) {
        WorkloadApi.Workload.Builder pod = Responses.pod(uid, "10.0.0." + version, node);
        List.of(names).forEach(name -> pod.addAuthorizationPolicies("default/" + name));
        take(addresses, Responses.addresses(uid + version, Responses.workload("", pod)));
    }

    private void leaves(String uid) {
        take(addresses, Responses.response(AddressSet.TYPE, "").addRemovedResources(uid).build());
    }

    private static Resource policyNamed(String name) {
        return Responses.policy(Responses.deny(name).setScope(SecurityApi.Scope.WORKLOAD_SELECTOR));
    }

    private void policy(String name) {
        take(policies, Responses.policies("", policyNamed(name)));
    }

    private void policyLeaves(String name) {
        take(policies, Responses.response(PolicySet.TYPE, "").addRemovedResources("default/" + name).build());
    }

    /** The version of a workload that counts; 0 if there is none. */
    private int version(String uid) {
        return version(mesh.counting(), uid);
    }

    private static int version(Mesh mesh, String uid) {
        return mesh.workload(uid).map(workload -> (int) workload.addresses().get(0).getAddress()[3]).orElse(0);
    }

    @Test
    void onlyAWorkloadOfThisNodeThatNamesANewPolicyIsHeldBack() {
        workload("a", HERE, 1);
        workload("a", HERE, 2, "new");
        workload("b", HERE, 1);
        workload("c", "there", 1, "new");
        assertThat(List.of(version("a"), version("b"), version("c"))).containsExactly(1, 1, 1);
        policy("other");
        assertThat(version("a")).isEqualTo(1);
        assertThat(mesh.counting().policy("default/other")).isPresent();
        workload("a", HERE, 3, "new");
        assertThat(version("a")).isEqualTo(1);
        policy("new");
        assertThat(version("a")).isEqualTo(3);
        assertThat(mesh.counting()).isSameAs(mesh.latest());
        assertThat(givenUp).isEmpty();
    }

    @Test
    void eachPolicyHasATimeOfItsOwn() {
        workload("a", HERE, 1, "p");
        pass(60);
        workload("b", HERE, 1, "q");
        pass(39);
        assertThat(version("a")).isZero();
        pass(1);
        assertThat(version("a")).isEqualTo(1);
        assertThat(version("b")).isZero();
        assertThat(givenUp).containsExactly("default/p");
        pass(60);
        assertThat(version("b")).isEqualTo(1);
        assertThat(givenUp).containsExactly("default/p", "default/q");
    }

    @Test
    void whatWasGivenUpIsntWaitedForAgain() {
        workload("a", HERE, 1, "p");
        pass(100);
        workload("b", HERE, 1, "p");
        workload("a", HERE, 2, "p");
        assertThat(List.of(version("a"), version("b"))).containsExactly(2, 1);
        leaves("a");
        workload("c", HERE, 1, "p");
        assertThat(version("c")).isEqualTo(1);
    }

    @Test
    void whatWasGivenUpIsWaitedForAgainOnceItHasCome() {
        workload("a", HERE, 1, "p");
        pass(100);
        policy("p");
        policyLeaves("p");
        workload("b", HERE, 1, "p");
        assertThat(version("b")).isZero();
        policy("p");
        assertThat(version("b")).isEqualTo(1);
    }

    @Test
    void whatWasGivenUpIsWaitedForAgainOnceNothingHasNamedIt() {
        workload("a", HERE, 1, "p");
        workload("b", HERE, 1, "p");
        pass(100);
        leaves("a");
        workload("b", HERE, 2);
        workload("c", HERE, 1, "p");
        assertThat(version("c")).isZero();
        pass(100);
        assertThat(version("c")).isEqualTo(1);
        assertThat(givenUp).containsExactly("default/p", "default/p");
    }

    @Test
    void whatNothingNamesAnyMoreIsForgotten() {
        workload("a", HERE, 1);
        workload("a", HERE, 2, "p");
        workload("b", HERE, 1, "p");
        leaves("b");
        workload("a", HERE, 3);
        assertThat(version("a")).isEqualTo(3);
        pass(1_000);
        assertThat(givenUp).isEmpty();
    }

    @Test
    void aWorkloadThatChangesAgainAndAgainCountsInTime() {
        workload("a", HERE, 1);
        for (int version = 2; version < 12; version++) {
            workload("a", HERE, version, IntStream.rangeClosed(0, version).mapToObj(i -> "p" + i).toArray(String[]::new));
            pass(10);
        }
        assertThat(version("a")).isEqualTo(11);
    }

    @Test
    void whatTheFirstMeshNamesInVainIsntWaitedFor() {
        HeldBack fresh = new HeldBack(HERE, PATIENCE, this, this::givenUp);
        AddressSet set = addresses;
        fresh.take(set.apply(Responses.addresses("1", Responses.workload("", Responses.pod("a", "10.0.0.1", HERE).addAuthorizationPolicies("default/p"))), Mesh.EMPTY, true));
        fresh.begin();
        fresh.take(set.apply(Responses.addresses("2", Responses.workload("", Responses.pod("b", "10.0.0.1", HERE).addAuthorizationPolicies("default/p"))), fresh.latest(), false));
        assertThat(version(fresh.counting(), "b")).isEqualTo(1);
    }

    @Test
    void anAnswerWaitsForWhatItAnswersWithAndForEarlierOnesOfTheSameName() {
        workload("a", HERE, 1, "p");
        workload("b", HERE, 1);
        take(addresses, Responses.response(AddressSet.TYPE, "same", Responses.workload("", Responses.pod("a", "10.0.0.1", HERE).addAuthorizationPolicies("default/p"))).build());
        take(addresses, Responses.response(AddressSet.TYPE, "unrelated").addRemovedResources("/10.9.9.9").build());
        assertThat(answers).containsExactly("b1", "unrelated");
        policy("p");
        assertThat(answers).containsExactly("b1", "unrelated", "a1", "same", "");
    }

    @Test
    void whatIsGoneIsAnsweredAfterWhatWasThere() {
        take(addresses, Responses.addresses("there", Responses.workload("", Responses.pod("a", "10.0.0.1", HERE).addAuthorizationPolicies("default/p")).toBuilder()
                .addAliases("/10.0.0.1").build()));
        take(addresses, Responses.response(AddressSet.TYPE, "gone").addRemovedResources("/10.0.0.1").build());
        assertThat(answers).isEmpty();
        pass(100);
        assertThat(answers).containsExactly("there", "gone");
    }

    /** Whatever comes in whatever order: what counts is what has come, but for what may be held back, and that for no longer than it may. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void atRandom(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Long> differsSince = new HashMap<>();
        for (int step = 0; step < 5_000; step++) {
            Mesh counted = mesh.counting();
            String uid = UIDS.get(random.nextInt(UIDS.size()));
            switch (random.nextInt(8)) {
                case 0 -> leaves(uid);
                case 1, 2, 3 -> workload(uid, random.nextInt(4) == 0 ? "there" : HERE, 1 + random.nextInt(100),
                        IntStream.range(0, 6).filter(i -> random.nextInt(5) == 0).mapToObj(i -> "p" + i).toArray(String[]::new));
                case 4 -> policy("p" + random.nextInt(6));
                case 5 -> policyLeaves("p" + random.nextInt(6));
                default -> pass(random.nextInt(60));
            }
            check(counted, differsSince);
        }
        assertThat(givenUp).hasSizeGreaterThan(50);
        pass(100);
        assertThat(mesh.counting()).isSameAs(mesh.latest());
    }

    private void check(Mesh before, Map<String, Long> differsSince) {
        Mesh counting = mesh.counting();
        Mesh latest = mesh.latest();
        assertThat(Set.copyOf(counting.policies())).isEqualTo(Set.copyOf(latest.policies()));
        for (String uid : UIDS) {
            Optional<Workload> one = counting.workload(uid);
            Optional<Workload> other = latest.workload(uid);
            if (one.equals(other)) {
                differsSince.remove(uid);
            } else {
                assertThat(other).as("only what has come may be held back").isPresent();
                assertThat(other.get().node()).isEqualTo(HERE);
                Set<String> named = new HashSet<>(one.filter(old -> old.node().equals(HERE)).map(Workload::policies).orElse(List.of()));
                assertThat(other.get().policies()).anyMatch(name -> !named.contains(name) && latest.policy(name).isEmpty());
                assertThat(now - differsSince.computeIfAbsent(uid, first -> now)).as("held back too long").isLessThan(PATIENCE.toNanos() + 60);
            }
            // what counts newly never names a policy that isn't there, unless that was given up
            one.filter(w -> w.node().equals(HERE) && !w.equals(before.workload(uid).orElse(null))).ifPresent(w -> assertThat(w.policies().stream()
                    .filter(name -> latest.policy(name).isEmpty() && !before.workload(uid).map(Workload::policies).orElse(List.of()).contains(name))
                    .collect(Collectors.toSet())).isSubsetOf(givenUp));
        }
    }
}

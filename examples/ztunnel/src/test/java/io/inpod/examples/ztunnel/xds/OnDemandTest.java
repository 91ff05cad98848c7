package io.inpod.examples.ztunnel.xds;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.ztunnel.mesh.MeshState;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OnDemandTest {
    private final AtomicInteger changes = new AtomicInteger();
    private final AtomicInteger answers = new AtomicInteger();
    private final OnDemand demand = new OnDemand(changes::incrementAndGet);

    @Test
    void aNameIsAskedForOnceAndEachWhoWaitsIsCalledOnce() {
        MeshState.Subscription stopped = demand.ask("n/10.0.0.1", answers::incrementAndGet);
        demand.ask("n/10.0.0.1", answers::incrementAndGet);
        stopped.close();
        assertThat(changes).hasValue(1);
        assertThat(demand.take().added()).containsExactly("n/10.0.0.1");
        assertThat(demand.take().added()).isEmpty();
        assertThat(demand.isAnswered("n/10.0.0.1")).isFalse();

        demand.answered(Responses.addresses("1", Responses.workload("a", "v1").toBuilder().addAliases("n/10.0.0.1").build()), Set.of("a"));
        assertThat(demand.isAnswered("n/10.0.0.1")).as("a resource that can't be used").isFalse();
        demand.answered(Responses.addresses("2", Responses.workload("a", "v1").toBuilder().addAliases("n/10.0.0.1").build()), Set.of());
        demand.answered(Responses.response(AddressSet.TYPE, "3").addRemovedResources("n/10.0.0.1").build(), Set.of());
        assertThat(answers).hasValue(1);
        demand.ask("n/10.0.0.1", answers::incrementAndGet);
        assertThat(answers).hasValue(2);
        demand.ask("n/10.0.0.2", answers::incrementAndGet);
        assertThat(demand.answered()).containsExactly("n/10.0.0.1");
        assertThat(demand.take().added()).as("for a server that has been told nothing").containsExactly("n/10.0.0.2");
    }

    /** As a control plane may write a hostname that it was given so. */
    @Test
    void anAnswerMayHaveAnotherCase() {
        demand.ask("default/web.local", answers::incrementAndGet);
        demand.ask("default/gone.local", answers::incrementAndGet);
        demand.answered(Responses.response(AddressSet.TYPE, "1", Responses.service("v1", WorkloadApi.Service.newBuilder().setNamespace("default")
                .setHostname("Web.LOCAL"))).addRemovedResources("default/GONE.local").build(), Set.of());
        assertThat(answers).hasValue(2);
        demand.ask("Net/10.0.0.1", answers::incrementAndGet);
        demand.answered(Responses.addresses("2", Responses.workload("a", "v1").toBuilder().addAliases("net/10.0.0.1").build()), Set.of());
        assertThat(answers).as("networks that differ in case are different ones").hasValue(2);
        demand.answered(Responses.addresses("3", Responses.workload("a", "v1").toBuilder().addAliases("Net/10.0.0.1").build()), Set.of());
        assertThat(answers).hasValue(3);
    }

    @Test
    void theLeastRecentlyUsedNamesAreGivenUpButNoneForWhichSomebodyWaits() {
        demand.ask("waiting", answers::incrementAndGet);
        for (int i = 1; i < OnDemand.MOST; i++) {
            demand.ask("name" + i, answers::incrementAndGet).close();
        }
        assertThat(demand.take().added()).hasSize(OnDemand.MOST);
        assertThat(demand.isAnswered("name1")).isFalse(); // used again
        demand.ask("one more", answers::incrementAndGet);
        OnDemand.Difference difference = demand.take();
        assertThat(difference.added()).containsExactly("one more");
        assertThat(difference.givenUp()).containsExactly("name2");
        assertThat(known()).hasSize(OnDemand.MOST);
    }

    /** Whoever connects to what the mesh has doesn't ask, so it only seems to be unused. */
    @Test
    void namesByWhichThereIsSomethingAreNotGivenUpUntilItIsGone() {
        demand.ask("n/10.0.0.1", answers::incrementAndGet);
        demand.answered(Responses.addresses("1", Responses.workload("a", "v1").toBuilder().addAliases("n/10.0.0.1").build()), Set.of());
        for (int i = 0; i <= OnDemand.MOST; i++) {
            demand.ask("name" + i, answers::incrementAndGet).close();
        }
        assertThat(demand.isAnswered("n/10.0.0.1")).isTrue();
        assertThat(known()).hasSize(OnDemand.MOST + 1).doesNotContain("name0");

        demand.answered(Responses.response(AddressSet.TYPE, "2").addRemovedResources("n/10.0.0.1").build(), Set.of());
        for (int i = 0; i < 3 * OnDemand.MOST; i++) {
            demand.ask("other" + i, answers::incrementAndGet).close();
        }
        assertThat(known()).hasSize(OnDemand.MOST).doesNotContain("n/10.0.0.1");
    }

    /** Istiod doesn't answer when it is asked for a name by which it has sent something, even if that is gone. */
    @Test
    void aServiceThatIsGoneHasBeenAnsweredWithoutBeingAskedFor() {
        demand.answered(Responses.response(AddressSet.TYPE, "1").addRemovedResources("default/web.local").addRemovedResources("c//Pod/default/a").build(),
                Set.of());
        demand.ask("default/web.local", answers::incrementAndGet);
        assertThat(answers).hasValue(1);
        assertThat(demand.take().added()).isEmpty();
        assertThat(demand.answered()).containsExactly("default/web.local");

        changes.set(0);
        for (int i = 0; i < 3; i++) {
            DeltaDiscoveryResponse.Builder many = Responses.response(AddressSet.TYPE, "more");
            for (int j = 0; j < OnDemand.MOST; j++) {
                many.addRemovedResources("n/" + i + "." + j);
            }
            demand.answered(many.build(), Set.of());
        }
        assertThat(demand.answered()).hasSize(OnDemand.MOST).doesNotContain("default/web.local");
        assertThat(changes).hasValue(3); // so that istiod is told what was given up
    }

    private Set<String> known() {
        Set<String> known = new HashSet<>(demand.answered());
        known.addAll(demand.take().added());
        return known;
    }
}

package io.inpod.examples.ztunnel.route;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What has failed is remembered for ten seconds. */
class RecentFailuresTest {
    private final AtomicLong nanos = new AtomicLong();
    private final RecentFailures failures = new RecentFailures(nanos::get);

    @Test
    void aFailureIsForgottenAfterTenSeconds() {
        failures.add("a");
        nanos.set(6_000_000_000L);
        failures.add("b");

        assertThat(failures.get()).containsExactlyInAnyOrder("a", "b");
        nanos.set(11_000_000_000L);
        assertThat(failures.get()).containsExactly("b");
        nanos.set(17_000_000_000L);
        assertThat(failures.get()).isEmpty();
    }

    @Test
    void aFailureIsForgottenWhenTheWorkloadIsReached() {
        failures.add("a");
        failures.remove("b");
        assertThat(failures.get()).containsExactly("a");

        failures.remove("a");

        assertThat(failures.get()).isEmpty();
    }

    @Test
    void noMoreThanAThousandAreRemembered() {
        for (int i = 0; i < 2000; i++) {
            failures.add("uid" + i);
        }

        assertThat(failures.get()).hasSize(1000);
    }
}

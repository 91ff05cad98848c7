package io.inpod.examples.ztunnel.xds;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GatheringTest {
    private final ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1);
    private final List<String> seen = new ArrayList<>();

    @AfterEach
    void end() {
        thread.shutdownNow();
    }

    private Gathering of(Duration time) {
        Gathering gathering = new Gathering(thread, time, () -> seen.add("after"));
        gathering.gather(true);
        return gathering;
    }

    private void await() throws Exception {
        thread.submit(() -> { }).get(20, TimeUnit.SECONDS);
    }

    @Test
    void whatComesShortlyAfterSomethingElseWaits() throws Exception {
        Gathering gathering = of(Duration.ofHours(1));
        gathering.execute(() -> seen.add("late"));
        await();
        assertThat(seen).isEmpty();
        assertThat(((RunnableScheduledFuture<?>) thread.getQueue().peek()).getDelay(TimeUnit.MINUTES)).isBetween(50L, 60L);
        gathering.gather(false);
        gathering.execute(() -> seen.add("at once"));
        await();
        assertThat(seen).containsExactly("at once", "after");
    }

    @Test
    void whatComesLaterRunsAtOnceAlsoIfItFails() throws Exception {
        Gathering gathering = of(Duration.ZERO);
        gathering.execute(() -> seen.add("a"));
        gathering.execute(() -> {
            throw new IllegalStateException("b");
        });
        await();
        assertThat(seen).containsExactly("a", "after", "after");
    }
}

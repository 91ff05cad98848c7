package io.inpod.examples.nodeagent.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class PulseTest {
    @Test
    void threadsThatBeginNothingAreAProblem() {
        Queue<Runnable> tasks = new ArrayDeque<>();
        Pulse pulse = new Pulse(tasks::add, Duration.ofSeconds(-1)); // every task has waited too long
        assertThat(pulse.problem()).contains("no work has begun for 0 s");
        assertThat(pulse.problem()).isPresent();
        assertThat(tasks).hasSize(1);

        Pulse working = new Pulse(Runnable::run, Duration.ofSeconds(1));
        assertThat(working.problem()).isEmpty();
        tasks.remove().run();
        assertThat(pulse.problem()).isPresent();
        assertThat(tasks).hasSize(1);
    }
}

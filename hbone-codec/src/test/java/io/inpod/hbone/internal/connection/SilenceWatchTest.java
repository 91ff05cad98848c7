package io.inpod.hbone.internal.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The silence watch, with a clock that only the test advances. */
class SilenceWatchTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<String> said = new ArrayList<>();
    private boolean deaf;
    private final SilenceWatch watch = new SilenceWatch(new SilenceWatch.Listener() {
        @Override
        public boolean isDeaf() {
            return deaf;
        }

        @Override
        public void probe() {
            said.add("ping");
        }

        @Override
        public void fellSilent() {
            said.add("silent");
        }

        @Override
        public void isHeardAgain() {
            said.add("heard");
        }
    }, channel.eventLoop(), Duration.ofMillis(1000));

    @BeforeEach
    void freeze() {
        channel.freezeTime();
    }

    private void pass(long millis) {
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    @Test
    void whoIsAskedAndSaysNothingIsPingedAndThenSilent() {
        watch.sent();
        pass(999);
        assertThat(said).isEmpty();
        watch.sent();
        pass(1);
        assertThat(said).containsExactly("ping");
        watch.sent();
        pass(999);
        assertThat(watch.isSilent()).isFalse();
        pass(1);
        assertThat(said).containsExactly("ping", "silent");
        watch.sent();
        pass(100_000);
        assertThat(said).as("once").containsExactly("ping", "silent");
        watch.heard();
        watch.heard();
        assertThat(said).containsExactly("ping", "silent", "heard");
        assertThat(watch.isSilent()).isFalse();
        watch.sent();
        pass(1000);
        assertThat(said).containsExactly("ping", "silent", "heard", "ping");
    }

    /** What a peer says while its connection isn't read can't be heard. */
    @Test
    void nobodyIsSilentWhileNobodyListens() {
        watch.sent();
        pass(1000);
        assertThat(said).containsExactly("ping");
        deaf = true;
        pass(100_000);
        assertThat(watch.isSilent()).isFalse();
        deaf = false;
        pass(1000);
        assertThat(said).containsExactly("ping", "ping");
        pass(1000);
        assertThat(said).containsExactly("ping", "ping", "silent");
    }

    @Test
    void anAnswerToThePingIsASignOfLife() {
        watch.sent();
        pass(1000);
        watch.heard();
        pass(100_000);
        assertThat(said).containsExactly("ping");
    }

    @Test
    void whoAnswersIsNeverAsked() {
        for (int i = 0; i < 1000; i++) {
            watch.sent();
            pass(600);
            watch.heard();
            pass(i % 7 * 100);
        }
        assertThat(said).isEmpty();
    }

    /** However often the peer is sent something, there is at most one timer per second, and none while nothing is awaited. */
    @Test
    void timersAreFew() {
        for (int i = 0; i < 1000; i++) {
            watch.sent();
            watch.heard();
        }
        assertThat(channel.runScheduledPendingTasks()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(1000));
        pass(1000);
        assertThat(channel.runScheduledPendingTasks()).as("no task").isEqualTo(-1);
        watch.sent();
        watch.cancel();
        assertThat(channel.runScheduledPendingTasks()).as("no task").isEqualTo(-1);
    }
}

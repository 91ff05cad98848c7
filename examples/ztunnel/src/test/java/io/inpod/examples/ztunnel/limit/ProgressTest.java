package io.inpod.examples.ztunnel.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Which connections are stuck, by what they have moved between two looks. */
class ProgressTest {
    private static final long HELD = 8_000_000;

    private static boolean isStuck(long moved, long seconds) {
        Progress before = new Progress(5_000_000_000L, 77);
        return Progress.isStuck(before, new Progress(before.bytes() + moved, before.nanos() + TimeUnit.SECONDS.toNanos(seconds)), HELD);
    }

    @Test
    void whatMovesLessThanAnEighthOfItPerSecondIs() {
        assertThat(isStuck(0, 1)).isTrue();
        assertThat(isStuck(999_999, 1)).isTrue();
        assertThat(isStuck(1_000_000, 1)).isFalse();
        assertThat(isStuck(1_999_999, 2)).isTrue();
    }

    /** It may have been idle ever since, and be read now. */
    @Test
    void whatWasLastSeenLongAgoIsNot() {
        assertThat(isStuck(0, 10)).isTrue();
        assertThat(isStuck(0, 11)).isFalse();
        assertThat(isStuck(3_000_000, 3600)).isFalse();
    }
}

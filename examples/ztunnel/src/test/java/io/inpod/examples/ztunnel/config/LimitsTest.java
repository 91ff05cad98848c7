package io.inpod.examples.ztunnel.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What connections may hold without room fits into the memory that the bound leaves. */
class LimitsTest {
    @ParameterizedTest
    @CsvSource({"536870912, 8192, 8192", "536870912, 16384, 4096", "536870912, 16, 65536", "0, 16, 4096", "-5, 16, 4096"})
    void whatIsLeftIsDividedAmongTheSockets(long spare, long sockets, int least) {
        assertThat(Limits.leastBytes(spare, sockets)).isEqualTo(least);
    }

    /** Per socket: a TLS record that is being received, and twice the least in each direction. */
    @Test
    void theDefaultsFitIntoTheMemoryThatThereIs() throws Exception {
        Limits limits = Limits.from(new Variables(Map.of()));

        assertThat(limits.sockets() * (16_384 + 4L * limits.leastBytes())).isLessThanOrEqualTo(Limits.maxDirectMemory() - limits.bufferBytes());
    }
}

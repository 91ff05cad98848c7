package io.inpod.examples.ztunnel.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class NewNamesTest {
    private long now = -5;
    private final NewNames names = new NewNames(() -> now);

    private int takeAll(String client) throws Exception {
        int taken = 0;
        while (names.tryTake(InetAddress.getByName(client))) {
            taken++;
        }
        return taken;
    }

    @Test
    void aClientMayHaveAsManyAsAreLeftForOthersInEachSecond() throws Exception {
        assertThat(takeAll("10.0.0.1")).isEqualTo(NewNames.MOST / 2);
        assertThat(takeAll("10.0.0.2")).isEqualTo(NewNames.MOST / 4);
        assertThat(takeAll("fd00::1")).isPositive();
        assertThat(takeAll("fd00::2")).as("of the same /64 prefix").isZero();
        assertThat(takeAll("10.0.0.1")).isZero();
        now += TimeUnit.SECONDS.toNanos(1);
        assertThat(takeAll("10.0.0.1")).isEqualTo(NewNames.MOST / 2);
    }
}

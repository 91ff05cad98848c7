package io.inpod.tproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import org.junit.jupiter.api.Test;

class RelayPreparationTest {
    /** The second one would keep what the relay waits for. */
    @Test
    void aChannelIsPreparedOnceInWhateverWay() {
        EmbeddedChannel one = new EmbeddedChannel();
        RelayOptions.DEFAULT.prepare(one);
        one.pipeline().addLast(RelayOptions.DEFAULT.preparation());
        RelayOptions.DEFAULT.prepare(one);
        EmbeddedChannel other = new EmbeddedChannel(RelayOptions.DEFAULT.preparation(), RelayOptions.DEFAULT.preparation());

        for (EmbeddedChannel channel : List.of(one, other)) {
            assertThat(channel.pipeline().toMap().values()).filteredOn(ParkedInput.class::isInstance).hasSize(1);
        }
    }
}

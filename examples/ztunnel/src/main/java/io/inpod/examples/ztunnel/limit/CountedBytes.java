package io.inpod.examples.ztunnel.limit;

import io.inpod.examples.ztunnel.config.Limits;
import io.inpod.hbone.HboneMemory;
import io.inpod.hbone.HboneOptions;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Share;
import io.netty.channel.Channel;

/** The bytes that tunnels haven't read and that peers don't receive, which count like those that relays hold. */
public final class CountedBytes implements HboneMemory {
    /** Enough for baggage (W3C: 8,192 bytes at most). */
    private static final int HEADERS = 10 << 10;

    private final int least;

    /** {@code least} is what a connection may hold in each direction although its client has no room. */
    private CountedBytes(int least) {
        this.least = least;
    }

    /**
     * Returns options whose connections count, and accept small headers only. None is kept: nothing here needs a peer's.
     *
     * @param options other options
     * @param limits what a connection may hold although its client has no room
     * @return the options
     */
    public static HboneOptions bound(HboneOptions options, Limits limits) {
        return options.with(new CountedBytes(limits.leastBytes())).with(options.limits().withMaxHeaderListSize(HEADERS))
                .withHeaders(name -> false);
    }

    @Override
    public Account of(Channel connection) {
        Admission client = Admission.of(connection);
        return client == null ? Account.UNBOUNDED : new Counted(client.holdings().bytes(), least);
    }

    private record Counted(Share bytes, int least) implements Account {
        @Override
        public void changed(long change) {
            if (change > 0) {
                bytes.take(change);
            } else {
                bytes.giveBack(-change);
            }
        }

        @Override
        public boolean isExhausted() {
            return bytes.isExhausted();
        }
    }
}

package io.inpod.examples.ztunnel.proxy;

import io.inpod.hbone.HboneMemory;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Share;
import io.netty.channel.Channel;

/** The bytes that tunnels haven't read, which count like those that relays hold. */
final class CountedBytes implements HboneMemory {
    @Override
    public Account of(Channel connection) {
        Admission client = Admission.of(connection);
        return client == null ? Account.UNBOUNDED : account(client.holdings().bytes());
    }

    private static Account account(Share bytes) {
        return new Account() {
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
        };
    }
}

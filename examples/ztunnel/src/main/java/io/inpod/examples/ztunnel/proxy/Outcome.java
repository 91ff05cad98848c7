package io.inpod.examples.ztunnel.proxy;

import io.inpod.tproxy.Resets;
import io.netty.channel.Channel;

/** Notified of the result of an attempt to connect a client, before the first byte is carried. On the client's event loop. */
interface Outcome {
    /** The destination answered. */
    void connected();

    /** There is no connection. Must end the client's. */
    void failed(Throwable cause);

    /** For a client that doesn't know of the proxy: it is reset. */
    static Outcome unannounced(Channel client) {
        return new Outcome() {
            @Override
            public void connected() {}

            @Override
            public void failed(Throwable cause) {
                Resets.reset(client);
            }
        };
    }
}

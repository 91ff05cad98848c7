package io.inpod.examples.ztunnel.proxy;

import io.inpod.tproxy.Resets;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayListener;
import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A fault of ours must end the connection that it happened to: Netty only logs it, and the client would wait for ever. */
final class Guarded {
    private static final Logger LOG = LoggerFactory.getLogger("proxy");

    private Guarded() {}

    /**
     * Runs work for a connection.
     *
     * @param client is reset if the work throws
     * @param work on the client's event loop
     */
    static void run(Channel client, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            LOG.error("connection {} ended by a fault", client, e);
            Resets.reset(client);
        }
    }

    /** Like {@link Relay#start}, but leaves no upstream behind if it throws. */
    static void relay(DuplexChannel client, DuplexChannel upstream, RelayListener listener) {
        try {
            Relay.start(client, upstream, listener);
        } catch (RuntimeException | Error e) {
            Resets.reset(upstream);
            throw e;
        }
    }
}

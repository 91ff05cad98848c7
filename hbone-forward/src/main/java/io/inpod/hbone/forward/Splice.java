package io.inpod.hbone.forward;

import io.inpod.hbone.Authority;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayOptions;
import io.netty.channel.socket.DuplexChannel;

/** Joins the two channels of a forwarded connection. */
record Splice(RelayOptions options, ForwardListener listener) {
    /** Relays until both have ended. If the channels can't be joined, both are reset, and the listener is told why. */
    void join(DuplexChannel client, DuplexChannel upstream, Authority app) {
        try {
            Relay.start(client, upstream, options, result -> listener.ended(client, app, result));
        } catch (IllegalArgumentException e) { // the event loops aren't suitable; the message says which are
            Resets.reset(client);
            Resets.reset(upstream);
            listener.failed(client, app, e);
        }
    }
}

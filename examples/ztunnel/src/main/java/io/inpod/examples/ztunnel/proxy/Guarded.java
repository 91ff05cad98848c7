package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayListener;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.share.Admission;
import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a connection after an unexpected error in the code that serves it: Netty only logs the error, and the client would wait
 * indefinitely.
 */
final class Guarded {
    private static final Logger LOG = LoggerFactory.getLogger("proxy");
    /** How many lines of the log an unexpected error takes, with its stack trace. */
    static final int LINES = 50;

    private Guarded() {}

    /**
     * Runs code that serves a connection.
     *
     * @param lines the lines of the pod in the log
     * @param client the connection, which is reset if the code throws
     * @param work the code; called on the client's event loop
     */
    static void run(LogLines.OfPod lines, Channel client, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            Admission admission = Admission.of(client);
            if (lines.take(admission == null ? null : admission.client(), LINES)) {
                LOG.error("connection of {} ended by an unexpected error", AccessLog.text(client.remoteAddress()), e);
            }
            Resets.reset(client);
        }
    }

    /** Like {@link Relay#start}, with buffers that count as the client's; but also resets the upstream connection if it throws. */
    static Relay relay(DuplexChannel client, DuplexChannel upstream, @Nullable Admission admission, RelayListener listener) {
        try {
            return Relay.start(client, upstream, RelayOptions.DEFAULT, admission == null ? null : admission.holdings().bytes(), listener);
        } catch (RuntimeException | Error e) {
            Resets.reset(upstream);
            throw e;
        }
    }
}

package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.hbone.HboneEvents;
import io.inpod.tproxy.CanonicalAddress;
import io.inpod.tproxy.share.Admission;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs failures on port 15008 that occur outside a request, within the client's share of lines. */
final class TunnelEvents implements HboneEvents {
    private static final Logger LOG = LoggerFactory.getLogger("proxy.inbound");

    private final AccessLog access;

    TunnelEvents(AccessLog access) {
        this.access = access;
    }

    @Override
    public void handshakeFailed(Channel connection, String reason) {
        if (connection.remoteAddress() instanceof InetSocketAddress source
                && connection.localAddress() instanceof InetSocketAddress local) {
            access.failed(CanonicalAddress.of(source), CanonicalAddress.of(local), ResponseFlag.TLS_FAILURE,
                    "tls handshake: " + reason);
        }
    }

    @Override
    public void connectionFailed(Channel connection, String reason) {
        if (mayLog(connection, 1)) {
            LOG.info("HBONE connection from {} failed: {}", AccessLog.text(connection.remoteAddress()), reason);
        }
    }

    @Override
    public void requestExpired(Channel connection, Duration patience) {
        if (mayLog(connection, 1)) {
            LOG.error("a request from {} wasn't decided within {}", AccessLog.text(connection.remoteAddress()), patience);
        }
    }

    @Override
    public void handlerFailed(Channel connection, Throwable cause) {
        if (mayLog(connection, Guarded.LINES)) {
            LOG.error("HBONE connection from {} failed", AccessLog.text(connection.remoteAddress()), cause);
        }
    }

    private boolean mayLog(Channel connection, int lines) {
        Admission client = Admission.of(connection);
        return access.lines().take(client == null ? null : client.client(), lines);
    }
}

package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.tproxy.CanonicalAddress;
import io.inpod.tproxy.share.Admission;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs failures on port 15008 that occur outside a request, within the client's share of lines; and counts what is open. */
final class TunnelEvents implements HboneEvents {
    private static final Logger LOG = LoggerFactory.getLogger("proxy.inbound");

    private final AccessLog access;
    private final HboneEvents counts;

    /** {@code counts} is notified of what opens and closes. */
    TunnelEvents(AccessLog access, HboneEvents counts) {
        this.access = access;
        this.counts = counts;
    }

    @Override
    public void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) {
        counts.connectionOpened(connection, peer, accepted);
    }

    @Override
    public void connectionClosed(Channel connection, String reason) {
        counts.connectionClosed(connection, reason);
    }

    @Override
    public void tunnelOpened(TunnelChannel tunnel) {
        counts.tunnelOpened(tunnel);
    }

    @Override
    public void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
        counts.tunnelClosed(tunnel, received, sent);
    }

    @Override
    public void handshakeFailed(Channel connection, String reason) {
        counts.handshakeFailed(connection, reason);
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

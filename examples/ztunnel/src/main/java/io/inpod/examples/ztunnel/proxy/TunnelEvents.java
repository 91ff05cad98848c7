package io.inpod.examples.ztunnel.proxy;

import io.inpod.hbone.HboneEvents;
import io.netty.channel.Channel;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs failures on port 15008 that occur outside a request. */
final class TunnelEvents implements HboneEvents {
    private static final Logger ACCESS = LoggerFactory.getLogger("access");
    private static final Logger LOG = LoggerFactory.getLogger("proxy.inbound");

    @Override
    public void handshakeFailed(Channel connection, String reason) {
        ACCESS.warn("connection failed\tsrc.addr={} dst.addr={} direction=\"inbound\" error=\"tls handshake: {}\"",
                AccessLog.text(connection.remoteAddress()), AccessLog.text(connection.localAddress()), AccessLog.words(reason));
    }

    @Override
    public void connectionFailed(Channel connection, String reason) {
        LOG.info("HBONE connection from {} failed: {}", AccessLog.text(connection.remoteAddress()), reason);
    }

    @Override
    public void requestExpired(Channel connection, Duration patience) {
        LOG.error("a request from {} wasn't decided within {}", AccessLog.text(connection.remoteAddress()), patience);
    }

    @Override
    public void handlerFailed(Channel connection, Throwable cause) {
        LOG.error("HBONE connection from {} failed", AccessLog.text(connection.remoteAddress()), cause);
    }
}

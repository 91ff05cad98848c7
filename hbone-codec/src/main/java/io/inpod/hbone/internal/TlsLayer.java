package io.inpod.hbone.internal;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.time.Duration;

/** Puts what comes before HTTP/2 into a channel's pipeline. */
@FunctionalInterface
public interface TlsLayer {
    /** Adds handlers at the end of the pipeline; the outcome hears of the handshake's end. */
    void install(Channel channel, TlsGate.Outcome outcome);

    /** TLS as it is meant to be. */
    static TlsLayer of(SslContext context, Duration handshake) {
        return (channel, outcome) -> {
            SslHandler tls = TlsContexts.newHandler(context, channel.alloc());
            tls.setHandshakeTimeoutMillis(handshake.toMillis());
            channel.pipeline().addLast(tls, new TlsGate(outcome));
        };
    }
}

package io.inpod.hbone.internal.tls;

import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.time.Duration;

/** Installs the handlers that precede HTTP/2 in a channel's pipeline. */
@FunctionalInterface
public interface TlsLayer {
    /** Adds handlers at the end of the pipeline; they report the end of the handshake to {@code outcome}. */
    void install(Channel channel, TlsGate.Outcome outcome);

    /** TLS with this context, which shows this certificate. */
    static TlsLayer of(SslContext context, WorkloadCertificate ours, Duration handshake) {
        return (channel, outcome) -> {
            SslHandler tls = TlsContexts.newHandler(context, channel.alloc());
            tls.setHandshakeTimeoutMillis(handshake.toMillis());
            channel.pipeline().addLast(tls, new TlsGate(ours, outcome));
        };
    }
}

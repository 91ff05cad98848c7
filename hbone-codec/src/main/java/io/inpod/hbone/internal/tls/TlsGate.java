package io.inpod.hbone.internal.tls;

import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** Waits for the TLS handshake, requires ALPN h2 and a peer identity, and hands over to HTTP/2. */
public final class TlsGate extends ChannelInboundHandlerAdapter {
    /** The continuation after the handshake. */
    public interface Outcome {
        /** The handshake succeeded; returns the handler that speaks HTTP/2. */
        ChannelHandler established(Channel channel, SpiffeId peer);

        /** The handshake failed; the connection is being closed. */
        void failed(Channel channel, String reason);
    }

    private final WorkloadCertificate ours;
    private final Outcome outcome;
    private boolean over;
    private @Nullable Throwable first;

    TlsGate(WorkloadCertificate ours, Outcome outcome) {
        this.ours = ours;
        this.outcome = outcome;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof SslHandshakeCompletionEvent handshake) || over) {
            ctx.fireUserEventTriggered(event);
            return;
        }
        if (!handshake.isSuccess()) {
            fail(ctx, "TLS: " + reason(first == null ? handshake.cause() : first));
            return;
        }
        SslHandler tls = ctx.pipeline().get(SslHandler.class);
        if (!"h2".equals(tls.applicationProtocol())) {
            fail(ctx, "TLS: expected ALPN h2, got " + tls.applicationProtocol());
            return;
        }
        SpiffeId peer;
        try {
            peer = ShownCertificates.keep(ctx.channel(), ours, tls.engine().getSession()).peer();
        } catch (SSLPeerUnverifiedException | CertificateException e) {
            fail(ctx, "TLS: " + reason(e));
            return;
        }
        if (!(tls.engine() instanceof ReferenceCountedOpenSslEngine)) {
            // Otherwise TLS 1.2 sessions of the JDK could be resumed without the trust manager.
            tls.engine().getSession().invalidate();
        }
        over = true;
        ctx.pipeline().replace(this, null, outcome.established(ctx.channel(), peer));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (first == null) {
            first = cause;
        }
        fail(ctx, "TLS: " + reason(cause));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail(ctx, "closed during the TLS handshake");
        ctx.fireChannelInactive();
    }

    private void fail(ChannelHandlerContext ctx, String reason) {
        if (!over) {
            over = true;
            outcome.failed(ctx.channel(), reason);
        }
        ctx.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }

    /** The message of the verifier if there is one, else the innermost message. */
    private static String reason(Throwable cause) {
        String message = cause.toString();
        for (Throwable t = cause; t != null; t = t.getCause()) {
            if (t instanceof CertificateException && t.getMessage() != null) {
                return t.getMessage();
            }
            message = t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
        }
        return message;
    }
}

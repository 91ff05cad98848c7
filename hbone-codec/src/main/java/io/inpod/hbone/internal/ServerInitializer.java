package io.inpod.hbone.internal;

import io.inpod.hbone.CertificateSource;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.SpiffeId;
import io.inpod.hbone.TunnelRequestHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;

/** Prepares an accepted connection. Shareable. */
public final class ServerInitializer extends ChannelInitializer<Channel> {
    private final SpiffeId identity;
    private final CertificateSource certificates;
    private final TlsContexts contexts;
    private final HboneOptions options;
    private final HboneEvents events;
    private final TunnelRequestHandler handler;

    /** Makes the handler of one listener. */
    public ServerInitializer(SpiffeId identity, CertificateSource certificates, TlsContexts contexts, HboneOptions options,
            HboneEvents events, TunnelRequestHandler handler) {
        this.identity = identity;
        this.certificates = certificates;
        this.contexts = contexts;
        this.options = options;
        this.events = events;
        this.handler = handler;
    }

    @Override
    protected void initChannel(Channel channel) {
        ParentChannel.configure(channel);
        SslHandler tls;
        try {
            tls = TlsContexts.newHandler(contexts.server(certificates.certificate(identity), identity), channel.alloc());
        } catch (IOException e) {
            events.handshakeFailed(channel, "no certificate for " + identity + ": " + e.getMessage());
            channel.close();
            return;
        }
        tls.setHandshakeTimeoutMillis(options.handshakeTimeout().toMillis());
        channel.pipeline().addLast(tls, new TlsGate(new TlsGate.Outcome() {
            @Override
            public ChannelHandler established(Channel c, SpiffeId peer) {
                return new ServerConnection(peer, options, events, handler);
            }

            @Override
            public void failed(Channel c, String reason) {
                events.handshakeFailed(c, reason);
            }
        }));
    }
}

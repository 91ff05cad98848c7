package io.inpod.hbone.server;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.hbone.internal.connection.ParentChannel;
import io.inpod.hbone.internal.connection.ServerConnection;
import io.inpod.hbone.internal.tls.PeerRule;
import io.inpod.hbone.internal.tls.TlsContexts;
import io.inpod.hbone.internal.tls.TlsGate;
import io.inpod.hbone.internal.tls.TlsLayer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** Prepares accepted connections; one handler can serve all channels of a listener. */
final class ServerInitializer extends ChannelInitializer<Channel> {
    private final SpiffeId identity;
    private final PeerRule clients;
    private final CertificateSource certificates;
    private final TlsContexts contexts;
    private final HboneOptions options;
    private final HboneEvents events;
    private final TunnelRequestHandler handler;
    private final Set<Channel> connections;

    ServerInitializer(SpiffeId identity, PeerRule clients, CertificateSource certificates, TlsContexts contexts,
            HboneOptions options, HboneEvents events, TunnelRequestHandler handler, Set<Channel> connections) {
        this.identity = identity;
        this.clients = clients;
        this.certificates = certificates;
        this.contexts = contexts;
        this.options = options;
        this.events = events;
        this.handler = handler;
        this.connections = connections;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // start() reports what it throws; an event loop that has ended closes its channels
    protected void initChannel(Channel channel) {
        connections.add(channel);
        channel.closeFuture().addListener(closed -> connections.remove(channel));
        ParentChannel.configure(channel, options.memory());
        CompletableFuture<WorkloadCertificate> certificate = certificates.request(identity).toCompletableFuture();
        if (certificate.isDone()) {
            start(channel, certificate);
            return;
        }
        // Nothing is read meanwhile; what the client sends waits in the socket.
        channel.config().setAutoRead(false);
        var patience = channel.eventLoop().schedule(() -> fail(channel, "not within " + options.times().handshake()),
                options.times().handshake().toNanos(), TimeUnit.NANOSECONDS);
        certificate.whenComplete((c, e) -> channel.eventLoop().execute(() -> {
            if (patience.cancel(false) && channel.isActive()) {
                start(channel, certificate);
                channel.config().setAutoRead(true);
            }
        }));
    }

    private void start(Channel channel, CompletableFuture<WorkloadCertificate> certificate) {
        try {
            WorkloadCertificate ours = certificate.join();
            TlsLayer.of(contexts.server(ours, identity, clients), ours, options.times().handshake()).install(channel,
                    new TlsGate.Outcome() {
                        @Override
                        public ChannelHandler established(Channel c, SpiffeId peer) {
                            return new ServerConnection(peer, options, events, handler);
                        }

                        @Override
                        public void failed(Channel c, String reason) {
                            events.handshakeFailed(c, reason);
                        }
                    });
        } catch (CompletionException e) {
            fail(channel, String.valueOf(e.getCause() == null ? e.getMessage() : e.getCause().getMessage()));
        } catch (IOException | RuntimeException e) {
            fail(channel, String.valueOf(e.getMessage()));
        }
    }

    private void fail(Channel channel, String why) {
        events.handshakeFailed(channel, "no certificate for " + identity + ": " + why);
        channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }
}

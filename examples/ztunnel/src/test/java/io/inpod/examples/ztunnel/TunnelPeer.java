package io.inpod.examples.ztunnel;

import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRequest;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.inpod.netns.testing.Pod;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A workload that accepts tunnels, and says one letter on each. A gateway leads each to another HBONE server of its own instead. */
final class TunnelPeer implements AutoCloseable {
    private final HboneServer server;
    private final PeerListener listener;
    /** What it has been asked for: the authority, and the headers. */
    final List<String> requests = new CopyOnWriteArrayList<>();
    /** The same of the server behind the gateway. */
    final List<String> inner = new CopyOnWriteArrayList<>();

    private TunnelPeer(Pod pod, CertificateSource certificates, String account, TunnelPeer.Answer answer) throws InterruptedException {
        server = new HboneServer(certificates);
        ChannelHandler handler = server.handler(identity(account), answer.of(this));
        listener = new PeerListener(pod, () -> handler);
    }

    private interface Answer {
        TunnelRequestHandler of(TunnelPeer peer);
    }

    static SpiffeId identity(String account) {
        return new SpiffeId("cluster.local", "default", account);
    }

    static TunnelPeer workload(Pod pod, CertificateSource certificates, String account, String letter) throws InterruptedException {
        return new TunnelPeer(pod, certificates, account, peer -> request -> say(request, letter, peer.requests));
    }

    /** A gateway; behind it is a server with another account's identity. */
    static TunnelPeer gateway(Pod pod, CertificateSource certificates, String account, String behind, String letter) throws InterruptedException {
        return new TunnelPeer(pod, certificates, account, peer -> request -> {
            peer.requests.add(text(request));
            accept(request, peer.server.handler(identity(behind), within -> say(within, letter, peer.inner)));
        });
    }

    /** A gateway; behind it is a server that answers every request with a status. */
    static TunnelPeer gatewayToRefusal(Pod pod, CertificateSource certificates, String account, String behind, int status)
            throws InterruptedException {
        return new TunnelPeer(pod, certificates, account, peer -> request -> {
            peer.requests.add(text(request));
            accept(request, peer.server.handler(identity(behind), within -> {
                peer.inner.add(text(within));
                within.refuse(status);
            }));
        });
    }

    /** A gateway; behind it nobody listens. */
    static TunnelPeer gatewayToNowhere(Pod pod, CertificateSource certificates, String account) throws InterruptedException {
        return new TunnelPeer(pod, certificates, account, peer -> request -> {
            peer.requests.add(text(request));
            accept(request, new ChannelInboundHandlerAdapter()).close();
        });
    }

    /** A workload that answers every request with a status. */
    static TunnelPeer refusing(Pod pod, CertificateSource certificates, String account, int status) throws InterruptedException {
        return new TunnelPeer(pod, certificates, account, peer -> request -> {
            peer.requests.add(text(request));
            request.refuse(status);
        });
    }

    private static void say(TunnelRequest request, String letter, List<String> requests) {
        requests.add(text(request));
        TunnelChannel tunnel = accept(request, new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable reset) {
                // when the client has read the letter
            }
        });
        tunnel.writeAndFlush(Unpooled.copiedBuffer(letter, StandardCharsets.US_ASCII));
    }

    private static TunnelChannel accept(TunnelRequest request, ChannelHandler handler) {
        try {
            return request.accept(List.of(), handler);
        } catch (TunnelResetException e) {
            throw new AssertionError("the client has gone", e);
        }
    }

    private static String text(TunnelRequest request) {
        StringBuilder text = new StringBuilder(request.authority().toString());
        for (Header header : request.headers()) {
            text.append(' ').append(header.name()).append('=').append(header.value());
        }
        return text.toString();
    }

    @Override
    public void close() {
        stop();
    }

    /** Resets all connections, and refuses others. */
    void stop() {
        listener.close();
    }
}

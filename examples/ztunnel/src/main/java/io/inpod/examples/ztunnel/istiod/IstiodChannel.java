package io.inpod.examples.ztunnel.istiod;

import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.inpod.examples.ztunnel.config.ControlPlane;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Makes gRPC channels to the control plane. A channel has the roots of the moment in which it is made, so a caller makes another one when
 * they {@linkplain RootCertificates#look() have changed}.
 */
public final class IstiodChannel {
    private static final int CONNECT_MILLIS = 5_000;
    private static final int IDLE_SECONDS = 300;
    private static final int PROBE_SECONDS = 75;
    private static final int PROBES = 9;
    private static final int PING_SECONDS = 30;
    private static final int PING_TIMEOUT_SECONDS = 10;

    private IstiodChannel() {}

    /**
     * Makes a channel, which connects with its first call. An https address is spoken to with TLS 1.2 or 1.3, a unix socket in plaintext.
     * A connection that is dead is noticed by HTTP/2 pings after 40 s.
     *
     * @param server where the control plane is
     * @param roots whom the server's certificate must be from
     * @param groups the only groups for the exchange of keys, or empty if any will do
     * @param loops event loops of the epoll transport, started by the caller, whose they remain
     * @param executor runs what the caller gives to gRPC, and looks up names; its threads are started by the caller, whose it remains
     * @param mostBytes how long a message from the server may be, in bytes
     * @param reading pauses the reading of its connection
     * @return the channel, which the caller shuts down
     * @throws IOException if the roots can't be read
     */
    public static ManagedChannel open(ControlPlane server, RootCertificates roots, List<String> groups, EventLoopGroup loops,
            Executor executor, int mostBytes, Reading reading) throws IOException {
        NettyChannelBuilder builder = server.socket() != null
                ? NettyChannelBuilder.forAddress(new DomainSocketAddress(server.socket().toFile()))
                        .channelFactory(() -> read(new EpollDomainSocketChannel(), reading)).usePlaintext().overrideAuthority("localhost")
                        .withOption(ChannelOption.SO_KEEPALIVE, null) // which gRPC sets, and unix sockets don't have
                : NettyChannelBuilder.forAddress(server.host(), server.port()).channelFactory(() -> read(new EpollSocketChannel(), reading))
                        .sslContext(tls(server, roots, groups))
                        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                        .withOption(EpollChannelOption.TCP_KEEPIDLE, IDLE_SECONDS)
                        .withOption(EpollChannelOption.TCP_KEEPINTVL, PROBE_SECONDS)
                        .withOption(EpollChannelOption.TCP_KEEPCNT, PROBES);
        return builder.eventLoopGroup(loops).executor(executor).offloadExecutor(executor).maxInboundMessageSize(mostBytes)
                .keepAliveTime(PING_SECONDS, TimeUnit.SECONDS).keepAliveTimeout(PING_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .proxyDetector(address -> null).disableRetry().disableServiceConfigLookUp().build();
    }

    private static <C extends Channel> C read(C connection, Reading reading) {
        reading.of(connection);
        return connection;
    }

    /** OpenSSL if it can be loaded: until it is compiled, which takes longer than a large mesh, the JDK's TLS is several times slower. */
    private static SslContext tls(ControlPlane server, RootCertificates roots, List<String> groups) throws IOException {
        SslContextBuilder builder = SslContextBuilder.forClient();
        if (!groups.isEmpty()) {
            builder.option(OpenSslContextOption.GROUPS, groups.toArray(new String[0]));
        }
        SslProvider provider = groups.isEmpty() && !OpenSsl.isAvailable() ? SslProvider.JDK : SslProvider.OPENSSL;
        return GrpcSslContexts.configure(builder, provider)
                .trustManager(new ServerTrust(roots.trust(), server.host(), server.otherName())).endpointIdentificationAlgorithm(null)
                .build();
    }
}

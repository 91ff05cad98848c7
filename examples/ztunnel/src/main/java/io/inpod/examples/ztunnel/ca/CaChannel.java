package io.inpod.examples.ztunnel.ca;

import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.inpod.examples.ztunnel.config.CaConfig;
import io.inpod.examples.ztunnel.config.CaRoot;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** The connection to the CA, which is replaced when the roots that vouch for the CA's server change. */
final class CaChannel implements AutoCloseable {
    private static final int MOST_BYTES = 1 << 20;

    private final CaConfig config;
    private final List<String> groups;
    private final EventLoop loop;
    private final Executor blocking;
    private final @Nullable WatchedBytes roots;
    private volatile ManagedChannel current;

    private CaChannel(CaConfig config, List<String> groups, EventLoop loop, Executor blocking) throws IOException {
        this.config = config;
        this.groups = groups;
        this.loop = loop;
        this.blocking = blocking;
        this.roots = config.socket() == null && config.root() instanceof CaRoot.File file ? WatchedBytes.read(file.path()) : null;
        this.current = build();
    }

    /**
     * Prepares the connection; it is opened with the first request.
     *
     * @param groups the only groups for the exchange of keys, or empty if any will do
     * @param loop an event loop of the epoll transport
     * @param blocking looks the CA's name up
     * @throws IOException if the roots can't be read; the message names the variable
     */
    static CaChannel open(CaConfig config, List<String> groups, EventLoop loop, Executor blocking) throws IOException {
        try {
            return new CaChannel(config, groups, loop, blocking);
        } catch (IOException e) {
            throw new IOException("CA_ROOT_CA: " + e.getMessage(), e);
        }
    }

    private ManagedChannel build() throws IOException {
        Path socket = config.socket();
        NettyChannelBuilder builder;
        if (socket == null) {
            builder = NettyChannelBuilder.forAddress(config.address().getHost(), config.address().getPort())
                    .channelType(EpollSocketChannel.class).sslContext(tls());
            if (config.hostname() != null) {
                builder.overrideAuthority(config.hostname());
            }
        } else {
            builder = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile())).channelType(EpollDomainSocketChannel.class)
                    .usePlaintext().overrideAuthority("localhost").withOption(ChannelOption.SO_KEEPALIVE, null); // which it doesn't have
        }
        return builder.eventLoopGroup(loop).executor(loop).offloadExecutor(blocking).maxInboundMessageSize(MOST_BYTES)
                .proxyDetector(address -> null).disableRetry().disableServiceConfigLookUp().build();
    }

    private SslContext tls() throws IOException {
        SslContextBuilder builder = GrpcSslContexts.forClient();
        if (!groups.isEmpty()) {
            builder.option(OpenSslContextOption.GROUPS, groups.toArray(new String[0]));
        }
        byte[] pem = roots != null ? roots.content()
                : config.root() instanceof CaRoot.Text text ? text.pem().getBytes(StandardCharsets.US_ASCII) : null;
        try {
            if (pem != null) {
                builder.trustManager(new ByteArrayInputStream(pem));
            }
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw new IOException((roots == null ? "the text" : roots) + " has no certificates that can be used: " + e.getMessage(), e);
        }
    }

    /** {@return the connection for the next request} */
    ManagedChannel current() {
        return current;
    }

    /**
     * Looks at the roots, and returns whether they have changed. Then the connection is replaced; requests that wait for their answer
     * get it through the old one.
     */
    boolean look() throws IOException {
        if (roots == null || !roots.look()) {
            return false;
        }
        ManagedChannel old = current;
        current = build();
        old.shutdown();
        return true;
    }

    @Override
    public void close() {
        current.shutdownNow();
    }
}

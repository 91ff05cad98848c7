package io.inpod.hbone.internal.connection;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.headers.HeaderCodec;
import io.inpod.hbone.internal.headers.RequestRules;
import io.inpod.hbone.internal.headers.StreamError;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The server's HTTP/2 without TLS, for programs that can't present a client certificate. It exists only in tests. */
public final class CleartextServer implements AutoCloseable {
    private static final SpiffeId ANYONE = SpiffeId.parse("spiffe://cluster.local/ns/test/sa/cleartext");

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final Channel listener;

    /** Listens on the loopback address. */
    public CleartextServer(HboneOptions options, HboneEvents events, TunnelRequestHandler handler) throws InterruptedException {
        listener = new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        ParentChannel.configure(channel, io.inpod.hbone.HboneMemory.UNBOUNDED);
                        channel.pipeline().addLast(new AnyMethod(options, events, handler));
                    }
                }).bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
    }

    /** Returns the address on which it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** Treats every well-formed request as a CONNECT, so that programs limited to GET and POST get tunnels. */
    private static final class AnyMethod extends ServerConnection {
        AnyMethod(HboneOptions options, HboneEvents events, TunnelRequestHandler handler) {
            super(ANYONE, options, events, handler);
        }

        @Override
        public void headers(int id, List<HeaderCodec.Field> fields, boolean endStream) throws StreamError, ConnectionError {
            List<HeaderCodec.Field> connect = fields;
            if (id % 2 == 1 && table.get(id) == null && fields.stream().anyMatch(f -> f.name().equals(":path"))) {
                RequestRules.check(fields);
                connect = new ArrayList<>(fields);
                connect.removeIf(f -> f.name().startsWith(":"));
                connect.add(0, new HeaderCodec.Field(":authority", "10.0.0.1:80"));
                connect.add(0, new HeaderCodec.Field(":method", "CONNECT"));
            }
            super.headers(id, connect, endStream);
        }
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        loops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
    }
}

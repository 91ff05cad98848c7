package io.inpod.examples.ztunnel.dns;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.slf4j.LoggerFactory;

/** The socket at which a pod's questions arrive over UDP. */
public final class DnsUdp {
    /** Questions are short; longer ones are cut, and answered with an error. */
    private static final int MOST_BYTES = 4096;

    private DnsUdp() {}

    /**
     * Listens in a pod's namespace. Blocks until the socket is bound.
     *
     * @param namespace the namespace
     * @param address an address of its loopback interface, and the port
     * @param options the socket's options
     * @param loop the socket's event loop
     * @param proxy answers
     * @return the socket
     * @throws IOException if it can't be bound
     */
    public static Channel listen(NetworkNamespace namespace, InetSocketAddress address, SocketOptions options, EventLoop loop,
            DnsProxy proxy) throws IOException {
        ChannelFuture bound = new Bootstrap().group(loop).channelFactory(NettyChannels.datagram(namespace, options))
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MOST_BYTES))
                .handler(new Questions(loop, proxy)).bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("can't receive DNS queries at " + address.getAddress().getHostAddress() + " port " + address.getPort()
                    + " of " + namespace + ": " + bound.cause().getMessage(), bound.cause());
        }
        return bound.channel();
    }

    /**
     * Continues with a socket that another process has passed.
     *
     * @param passed the socket, not registered
     * @param loop the socket's event loop
     * @param proxy answers
     * @return the socket
     * @throws IOException if it can't be registered
     */
    public static Channel adopt(EpollDatagramChannel passed, EventLoop loop, DnsProxy proxy) throws IOException {
        passed.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(MOST_BYTES));
        passed.pipeline().addLast(new Questions(loop, proxy));
        ChannelFuture registered = loop.register(passed).awaitUninterruptibly();
        if (!registered.isSuccess()) {
            passed.unsafe().closeForcibly();
            throw new IOException("can't receive DNS queries: " + registered.cause().getMessage(), registered.cause());
        }
        return passed;
    }

    private static final class Questions extends SimpleChannelInboundHandler<DatagramPacket> {
        private final EventLoop loop;
        private final DnsProxy proxy;

        Questions(EventLoop loop, DnsProxy proxy) {
            this.loop = loop;
            this.proxy = proxy;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            InetSocketAddress client = packet.sender();
            proxy.answer(loop, client.getAddress(), packet.content(), false, (ByteBuf answer) -> {
                if (context.channel().isActive()) {
                    context.writeAndFlush(new DatagramPacket(answer, client))
                            .addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
                } else {
                    answer.release();
                }
            });
        }

        /** An error of one packet, such as a client that is gone, says nothing about the others. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LoggerFactory.getLogger("dns").debug("a DNS query failed", cause);
        }
    }
}

package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.route.Target;
import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.CanonicalAddress;
import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.Resets;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.socksx.v5.DefaultSocks5CommandResponse;
import io.netty.handler.codec.socksx.v5.DefaultSocks5InitialResponse;
import io.netty.handler.codec.socksx.v5.Socks5AddressDecoder;
import io.netty.handler.codec.socksx.v5.Socks5AddressType;
import io.netty.handler.codec.socksx.v5.Socks5AuthMethod;
import io.netty.handler.codec.socksx.v5.Socks5CommandRequest;
import io.netty.handler.codec.socksx.v5.Socks5CommandRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5CommandStatus;
import io.netty.handler.codec.socksx.v5.Socks5CommandType;
import io.netty.handler.codec.socksx.v5.Socks5InitialRequest;
import io.netty.handler.codec.socksx.v5.Socks5InitialRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5ServerEncoder;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * Port 15080 on 127.0.0.1: an app of the pod names its destination with SOCKS5 (RFC 1928) instead of being redirected. Without
 * authentication, and CONNECT only. Unlike on the redirected path, the app is informed whether the destination answered.
 */
final class Socks5 extends PodListener {
    private static final int HANDSHAKE_SECONDS = 10;

    private final OutboundPath path;

    Socks5(PodContext pod, EventLoopGroup loops, OutboundPath path) {
        super(pod, InPodConstants.SOCKS5_PORT, loops);
        this.path = path;
    }

    @Override
    public boolean resetsUnlessEnded() {
        return true;
    }

    @Override
    SocketOptions sockets() {
        return pod.socketsWithinNode();
    }

    @Override
    void serve(SocketChannel client, InetSocketAddress source, OriginalDestination itself) {
        Resets.notOnClose(client); // until it is connected, it is told what happens, and closed in order
        client.pipeline().addFirst(new Socks5InitialRequestDecoder(), Socks5ServerEncoder.DEFAULT, new Conversation(client, source));
        client.config().setAutoRead(true);
    }

    private static String address(Socks5AddressType type, ByteBuf in) throws Exception {
        if (!type.equals(Socks5AddressType.IPv4) && !type.equals(Socks5AddressType.DOMAIN) && !type.equals(Socks5AddressType.IPv6)) {
            throw new UnknownAddressType(type);
        }
        return Socks5AddressDecoder.DEFAULT.decodeAddress(type, in);
    }

    private static final class UnknownAddressType extends DecoderException {
        private static final long serialVersionUID = 1L;

        UnknownAddressType(Socks5AddressType type) {
            super("unknown address type " + type);
        }
    }

    private final class Conversation extends SimpleChannelInboundHandler<Object> implements Outcome {
        private final SocketChannel client;
        private final InetSocketAddress source;
        private final java.util.concurrent.Future<?> deadline;
        private boolean asked;

        Conversation(SocketChannel client, InetSocketAddress source) {
            this.client = client;
            this.source = source;
            this.deadline = client.eventLoop().schedule(this::close, HANDSHAKE_SECONDS, TimeUnit.SECONDS);
            client.closeFuture().addListener(closed -> deadline.cancel(false));
        }

        private void close() {
            client.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }

        /** Data that the app sends without waiting for the answer is passed on to its destination. */
        @Override
        public boolean acceptInboundMessage(Object message) {
            return !(asked && message instanceof ByteBuf);
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, Object message) {
            if (message instanceof Socks5InitialRequest greeting && greeting.decoderResult().isSuccess()) {
                if (!greeting.authMethods().contains(Socks5AuthMethod.NO_AUTH)) {
                    context.writeAndFlush(new DefaultSocks5InitialResponse(Socks5AuthMethod.UNACCEPTED))
                            .addListener(ChannelFutureListener.CLOSE);
                    return;
                }
                context.pipeline().replace(Socks5InitialRequestDecoder.class, null, new Socks5CommandRequestDecoder(Socks5::address));
                context.writeAndFlush(new DefaultSocks5InitialResponse(Socks5AuthMethod.NO_AUTH))
                        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
            } else if (message instanceof Socks5CommandRequest command && command.decoderResult().isSuccess()) {
                asked = true;
                client.config().setAutoRead(false);
                if (command.type().equals(Socks5CommandType.CONNECT)) {
                    open(command);
                } else {
                    pod.access().failed(new AccessLog.Connection("outbound", pod.client(source, false),
                            new AccessLog.End(address(command), null, null), null, null), ResponseFlag.CONNECT,
                            "SOCKS5 " + command.type() + " isn't supported, only CONNECT is");
                    answer(Socks5CommandStatus.COMMAND_UNSUPPORTED);
                }
            } else if (message instanceof Socks5CommandRequest broken) {
                asked = true;
                boolean type = broken.decoderResult().cause() instanceof UnknownAddressType;
                answer(type ? Socks5CommandStatus.ADDRESS_UNSUPPORTED : Socks5CommandStatus.FAILURE);
            } else {
                client.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE); // not SOCKS5
            }
        }

        /** A client that ends its output without a request is disconnected. */
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (!asked && event instanceof ChannelInputShutdownEvent) {
                context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            } else {
                context.fireUserEventTriggered(event);
            }
        }

        private InetSocketAddress address(Socks5CommandRequest command) {
            return InetSocketAddress.createUnresolved(command.dstAddr(), command.dstPort());
        }

        private void open(Socks5CommandRequest command) {
            String host = command.dstAddr();
            if (command.dstPort() == 0 || host.isEmpty()) {
                answer(Socks5CommandStatus.FAILURE);
                return;
            }
            InetAddress literal = NetUtil.createInetAddressFromIpAddressString(host);
            Target target = literal == null ? new Target.Name(host, command.dstPort())
                    : new Target.Address(CanonicalAddress.of(literal), command.dstPort());
            deadline.cancel(false);
            pod.whenKnown(client, client.closeFuture(), () -> path.open(client, source, target, this));
        }

        /** The answer is sent before the relay starts. */
        @Override
        public void connected() {
            client.writeAndFlush(response(Socks5CommandStatus.SUCCESS)).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
            client.pipeline().remove(Socks5CommandRequestDecoder.class);
            client.pipeline().remove(Socks5ServerEncoder.class);
            client.pipeline().remove(this);
            Resets.onClose(client);
        }

        @Override
        public void failed(Throwable cause) {
            answer(Socks5Reply.of(cause));
        }

        private void answer(Socks5CommandStatus status) {
            client.writeAndFlush(response(status)).addListener(ChannelFutureListener.CLOSE);
        }

        private static DefaultSocks5CommandResponse response(Socks5CommandStatus status) {
            return new DefaultSocks5CommandResponse(status, Socks5AddressType.IPv4, "0.0.0.0", 0);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
    }
}

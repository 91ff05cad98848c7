package io.inpod.examples.ztunnel.dns;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.share.Admission;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Asks name servers on behalf of a pod: each question from a socket of its own in the pod's namespace, so with a port that the kernel
 * chooses at random, and with a random number. Only an answer from the server that was asked, to the question that was asked, counts.
 */
final class DnsForwarder implements AutoCloseable {
    /** What name servers are told that they may send over UDP: what fits into a packet without fragments (DNS flag day 2020). */
    static final int UDP_BYTES = 1232;
    private static final int MOST_BYTES = 65_535;
    private static final int LENGTH = 2;
    private static final long ONE_SERVER_MILLIS = 2_000;
    private static final long ALL_MILLIS = 5_000;
    private static final SecureRandom NUMBERS = new SecureRandom();

    private final NetworkNamespace namespace;
    private final SocketOptions sockets;
    private final Function<InetAddress, @Nullable Admission> admission;
    private final Set<Exchange> exchanges = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * Creates a forwarder.
     *
     * @param namespace the pod's namespace
     * @param sockets options of the sockets
     * @param admission takes a client's share of sockets; returns null if it has none left
     */
    DnsForwarder(NetworkNamespace namespace, SocketOptions sockets, Function<InetAddress, @Nullable Admission> admission) {
        this.namespace = namespace;
        this.sockets = sockets;
        this.admission = admission;
    }

    /** Ends all questions without an answer, each on its event loop. */
    @Override
    public void close() {
        closed = true;
        exchanges.forEach(exchange -> exchange.loop.execute(() -> exchange.end(null)));
    }

    /**
     * Asks one server after the other.
     *
     * @param loop the event loop on which everything happens
     * @param client the client's address
     * @param query the question
     * @param message the client's message; owned by this
     * @param tcp whether the client asked over TCP
     * @param servers the servers
     * @param result receives the answer with the client's number, which it owns; null if no server has answered
     */
    void forward(EventLoop loop, InetAddress client, DnsQuery query, ByteBuf message, boolean tcp, List<InetSocketAddress> servers,
            Consumer<@Nullable ByteBuf> result) {
        new Exchange(loop, client, query, message, tcp, new ArrayDeque<>(servers), result).begin();
    }

    /** One question. All methods run on its event loop. */
    private final class Exchange {
        private final EventLoop loop;
        private final InetAddress client;
        private final DnsQuery query;
        private final ByteBuf message;
        private final boolean tcp;
        private final Deque<InetSocketAddress> servers;
        private final Consumer<@Nullable ByteBuf> result;
        private @Nullable Channel channel;
        private @Nullable Future<?> whole;
        private @Nullable Future<?> turn;
        private int number;
        private boolean ended;

        Exchange(EventLoop loop, InetAddress client, DnsQuery query, ByteBuf message, boolean tcp, Deque<InetSocketAddress> servers,
                Consumer<@Nullable ByteBuf> result) {
            this.loop = loop;
            this.client = client;
            this.query = query;
            this.message = message;
            this.tcp = tcp;
            this.servers = servers;
            this.result = result;
        }

        void begin() {
            exchanges.add(this);
            if (closed) { // looked at after this was added, so that one side sees the other
                end(null);
                return;
            }
            whole = loop.schedule(() -> end(null), ALL_MILLIS, TimeUnit.MILLISECONDS);
            next();
        }

        private void next() {
            if (ended) {
                return;
            }
            leave();
            InetSocketAddress server = servers.poll();
            if (server == null) {
                end(null);
                return;
            }
            turn = loop.schedule(this::next, ONE_SERVER_MILLIS, TimeUnit.MILLISECONDS);
            number = NUMBERS.nextInt(1 << 16);
            try {
                ask(server);
            } catch (ChannelException e) { // no socket
                next();
            }
        }

        private void ask(InetSocketAddress server) {
            SocketOptions options = sockets.withFamily(IpFamily.of(server.getAddress()).protocolFamily());
            Bootstrap bootstrap = new Bootstrap().group(loop).option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) ONE_SERVER_MILLIS);
            if (tcp) {
                bootstrap.channelFactory(admitted(NettyChannels.client(namespace, options)));
            } else {
                bootstrap.channelFactory(admitted(NettyChannels.datagram(namespace, options)))
                        .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MOST_BYTES));
            }
            ChannelFuture connecting = bootstrap.handler(new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel opened) {
                    if (tcp) {
                        opened.pipeline().addLast(new LengthFieldBasedFrameDecoder(MOST_BYTES + LENGTH, 0, LENGTH, 0, LENGTH),
                                new LengthFieldPrepender(LENGTH));
                    }
                    opened.pipeline().addLast(new Answers());
                }
            }).connect(server);
            channel = connecting.channel();
            Channel asked = channel;
            connecting.addListener(done -> {
                if (asked != channel) {
                    asked.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE); // its turn is over
                } else if (done.isSuccess()) {
                    asked.writeAndFlush(question()).addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
                } else {
                    next();
                }
            });
        }

        private <C extends Channel> ChannelFactory<C> admitted(ChannelFactory<C> factory) {
            return () -> {
                Admission share = admission.apply(client);
                if (share == null) {
                    throw new ChannelException("the pod has its share of the proxy's sockets");
                }
                C opened;
                try {
                    opened = factory.newChannel();
                } catch (RuntimeException e) {
                    share.close();
                    throw e;
                }
                opened.closeFuture().addListener(closed -> share.close());
                return opened;
            };
        }

        private ByteBuf question() {
            ByteBuf copy = message.copy();
            copy.setShort(copy.readerIndex(), number);
            return copy;
        }

        private void leave() {
            if (turn != null) {
                turn.cancel(false);
            }
            Channel left = channel;
            channel = null;
            if (left != null && left.isOpen()) {
                left.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            }
        }

        private void end(@Nullable ByteBuf answer) {
            if (ended) {
                if (answer != null) {
                    answer.release();
                }
                return;
            }
            ended = true;
            exchanges.remove(this);
            leave();
            if (whole != null) {
                whole.cancel(false);
            }
            message.release();
            result.accept(answer);
        }

        /** Whether it answers what was asked: the number, and the question in any case of its letters. */
        private boolean fits(ByteBuf answer) {
            int end = query.questionEnd();
            if (answer.readableBytes() < end || answer.getUnsignedShort(answer.readerIndex()) != number
                    || (answer.getUnsignedShort(answer.readerIndex() + 2) & DnsQuery.RESPONSE) == 0) {
                return false;
            }
            for (int i = DnsQuery.HEADER; i < end; i++) {
                if (lower(answer.getByte(answer.readerIndex() + i)) != lower(message.getByte(message.readerIndex() + i))) {
                    return false;
                }
            }
            return true;
        }

        private final class Answers extends SimpleChannelInboundHandler<Object> {
            @Override
            protected void channelRead0(ChannelHandlerContext context, Object received) {
                ByteBuf answer = received instanceof DatagramPacket packet ? packet.content() : (ByteBuf) received;
                if (context.channel() == channel && fits(answer)) {
                    ByteBuf own = answer.copy();
                    own.setShort(own.readerIndex(), query.id());
                    end(own);
                } else if (tcp) {
                    context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
                }
            }

            /** Nobody listens there, or the connection has ended without an answer. */
            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                failed(context.channel());
            }

            @Override
            public void channelInactive(ChannelHandlerContext context) {
                failed(context.channel());
            }

            private void failed(Channel asked) {
                if (asked == channel) {
                    next();
                }
            }
        }
    }

    private static int lower(byte letter) {
        return letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter;
    }
}

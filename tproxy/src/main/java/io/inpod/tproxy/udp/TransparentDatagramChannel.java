package io.inpod.tproxy.udp;

import static io.inpod.netns.socket.LinuxSocketOptions.RECEIVE_DESTINATION;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.UdpSocket;
import io.inpod.tproxy.CanonicalAddress;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A {@link TransparentUdpSocket} for event loops. It reads {@link DatagramPacket}s whose sender is the client and whose recipient is the
 * original destination, and writes packets that {@link #reply} creates, from that destination to that client. (Netty's own channel can do
 * the former for IPv4 only, and can't do the latter.)
 *
 * <p>If a packet can't be sent, only its write fails; the channel stays open. See {@link TransparentUdpSocket} for a destination that a
 * proxy must not send to.
 */
public final class TransparentDatagramChannel extends AbstractChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false);
    private static final int MAX_DATAGRAM_BYTES = 65535;
    private static final int MAX_PER_READ = 16;

    private final UdpSocket socket;
    private final ReplySocket replies;
    private final ChannelConfig config = new DefaultChannelConfig(this);
    private final ByteBuffer room = ByteBuffer.allocateDirect(MAX_DATAGRAM_BYTES);
    private final ByteBuffer outgoing = ByteBuffer.allocateDirect(MAX_DATAGRAM_BYTES);
    private @Nullable IoRegistration registration;
    private volatile @Nullable InetSocketAddress local;
    private volatile boolean open = true;
    private boolean wanted;
    private boolean readable;
    private boolean tidying;

    private TransparentDatagramChannel(UdpSocket socket, ReplySocket replies) {
        super(null);
        this.socket = socket;
        this.replies = replies;
    }

    /**
     * Returns a factory of unbound channels for {@link io.netty.bootstrap.Bootstrap#channelFactory}; bind them to the port that the TPROXY
     * rule names. The event loops must use epoll.
     *
     * @param namespace the namespace of the sockets; must stay open while the channels are used
     * @param options options of these sockets and of those that send answers, such as the proxy's mark; without a family they serve IPv4
     *     and IPv6
     * @return a factory that may be called on any platform thread and fails with a {@link ChannelException} if the namespace can't be
     *     entered or the kernel refuses an option; the cause says which and why
     */
    public static ChannelFactory<TransparentDatagramChannel> in(NetworkNamespace namespace, SocketOptions options) {
        SocketOptions transparent = options.with(TRANSPARENT, true).with(RECEIVE_DESTINATION, true);
        return () -> {
            try {
                return new TransparentDatagramChannel(UdpSocket.open(namespace, transparent), new ReplySocket(namespace, options));
            } catch (IOException e) {
                throw new ChannelException("no socket in " + namespace + ": " + e.getMessage(), e);
            }
        };
    }

    /**
     * Creates the answer to a datagram.
     *
     * @param request the datagram, which isn't released
     * @param answer the answer's data
     * @return the packet to write, which owns the data
     */
    @SuppressWarnings("ArgumentSelectionDefectChecker") // an answer goes the other way
    public static DatagramPacket reply(DatagramPacket request, ByteBuf answer) {
        return new DatagramPacket(answer, request.sender(), request.recipient());
    }

    private final class Handle implements EpollIoHandle {
        private final FileDescriptor fd;

        Handle(int number) {
            fd = new FileDescriptor(number); // not closed here: the socket owns it
        }

        @Override
        public FileDescriptor fd() {
            return fd;
        }

        @Override
        public void handle(IoRegistration registered, IoEvent event) {
            readable = true;
            read0();
        }

        @Override
        public void close() {
            unsafe().close(unsafe().voidPromise());
        }
    }

    /** Edge-triggered: the kernel sends no further event until everything has been read. */
    private void read0() {
        if (!wanted || !readable || !open) {
            return;
        }
        wanted = false;
        for (int i = 0; i < MAX_PER_READ && readable && open; i++) {
            try {
                UdpSocket.Arrival arrival = socket.poll(room);
                if (arrival == null) {
                    readable = false;
                } else if (arrival.destination() != null) {
                    pipeline().fireChannelRead(packet(arrival, arrival.destination()));
                }
            } catch (IOException e) {
                pipeline().fireExceptionCaught(e);
            }
        }
        pipeline().fireChannelReadComplete(); // this starts the next read if reading is automatic
    }

    private DatagramPacket packet(UdpSocket.Arrival arrival, InetSocketAddress destination) {
        ByteBuf data = alloc().buffer(arrival.bytes());
        data.writeBytes(room.duplicate().limit(arrival.bytes()));
        return new DatagramPacket(data, CanonicalAddress.of(destination), arrival.sender());
    }

    @Override
    protected void doBeginRead() {
        wanted = true;
        if (readable) {
            eventLoop().execute(this::read0);
        }
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof DatagramPacket packet && packet.sender() != null) {
            return packet;
        }
        throw new UnsupportedOperationException("only datagrams with a sender, as reply() creates them, can be written");
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
        for (Object message; (message = out.current()) != null;) {
            DatagramPacket packet = (DatagramPacket) message;
            try {
                outgoing.clear().limit(packet.content().readableBytes());
                packet.content().getBytes(packet.content().readerIndex(), outgoing);
                outgoing.flip();
                DestinationAddress from = new DestinationAddress(packet.sender());
                replies.send(from, new ClientAddress(packet.recipient()), outgoing, room, this::overtaken);
                out.remove();
            } catch (IOException | RuntimeException e) {
                out.remove(e);
            }
        }
        if (replies.untidy() && !tidying) {
            tidyLater();
        }
    }

    private void overtaken(ClientAddress client, DestinationAddress destination, UdpSocket.Arrival arrival) {
        pipeline().fireChannelRead(packet(arrival, destination.address()));
    }

    @SuppressWarnings("FutureReturnValueIgnored") // tidy() hands its failures to the pipeline
    private void tidyLater() {
        tidying = true;
        eventLoop().schedule(this::tidy, ReplySocket.LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void tidy() {
        tidying = false;
        if (open) {
            try {
                replies.tidy(room, this::overtaken);
            } catch (IOException | RuntimeException e) {
                pipeline().fireExceptionCaught(e);
            }
            if (replies.untidy()) {
                tidyLater();
            }
        }
    }

    @Override
    protected void doRegister(ChannelPromise promise) {
        try {
            int number = socket.fd().acquire();
            socket.fd().release();
            ((IoEventLoop) eventLoop()).register(new Handle(number)).addListener((Future<IoRegistration> done) -> {
                if (done.isSuccess()) {
                    registration = done.getNow();
                    registration.submit(EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLET));
                    promise.setSuccess();
                } else {
                    promise.setFailure(done.cause());
                }
            });
        } catch (IOException e) {
            promise.setFailure(e);
        }
    }

    @Override
    protected void doDeregister() {
        if (registration != null) {
            registration.cancel();
            registration = null;
        }
    }

    @Override
    protected void doBind(SocketAddress address) throws IOException {
        socket.bind((InetSocketAddress) address);
        local = socket.localAddress();
    }

    @Override
    protected void doClose() {
        open = false;
        doDeregister(); // before the number can be reused for another file
        socket.close();
        replies.close();
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new AbstractUnsafe() {
            @Override
            public void connect(SocketAddress remote, @Nullable SocketAddress from, ChannelPromise promise) {
                promise.setFailure(new UnsupportedOperationException("this channel receives from all clients and can't be connected"));
            }
        };
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop instanceof IoEventLoop io && io.isCompatible(EpollIoHandle.class);
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return local;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return null;
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open && local != null;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }
}

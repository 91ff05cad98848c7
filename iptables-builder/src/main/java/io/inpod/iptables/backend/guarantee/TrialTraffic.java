package io.inpod.iptables.backend.guarantee;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.Transport;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Listeners with names, and connections and datagrams to them: reports at which listener they arrive. All on the calling thread. */
final class TrialTraffic implements AutoCloseable {
    static final String REFUSED = "refused";
    static final String SILENCE = "no answer";
    /** Where a datagram arrives that shows that what was sent before it is no longer on its way. */
    static final String FENCE = "the fence";
    private static final long BRIEFLY = TimeUnit.SECONDS.toNanos(1);
    private static final byte[] QUERY = "inpod trial".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private final ManualIoEventLoop loop = new ManualIoEventLoop(Thread.currentThread(), Transport.EPOLL.handlers());
    private final List<Channel> listeners = new ArrayList<>();
    private final long patienceNanos;
    private @Nullable String arrived;
    private boolean fenceArrived;
    private boolean resetting;

    TrialTraffic(Duration patience) {
        this.patienceNanos = patience.toNanos();
    }

    /** Records the name of its listener when a connection or datagram arrives. */
    private final class Arrival extends ChannelInboundHandlerAdapter {
        private final String place;

        Arrival(String place) {
            this.place = place;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (context.channel().parent() != null) {
                arrived = place;
                if (resetting) {
                    context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
                }
                context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (place.equals(FENCE)) {
                fenceArrived = true;
            } else {
                arrived = place;
            }
            ReferenceCountUtil.release(message);
        }

        @Override
        public boolean isSharable() {
            return true;
        }
    }

    private static SocketOptions options(IpFamily family) {
        return SocketOptions.NONE.withFamily(family.protocolFamily());
    }

    /** As the proxy's own, which only transparent sockets get. */
    private static SocketOptions receiving(IpFamily family) {
        return options(family).with(LinuxSocketOptions.TRANSPARENT, true);
    }

    /** Listens for TCP on all addresses of a family, including foreign ones that the kernel delivers here. */
    void listen(NetworkNamespace namespace, IpFamily family, int port, String place) throws IOException {
        SocketOptions options = receiving(family).with(LinuxSocketOptions.REUSE_ADDRESS, true);
        listeners.add(done(new ServerBootstrap().group(loop).channelFactory(Transport.EPOLL.server(namespace, options))
                .childHandler(new Arrival(place)).bind(new InetSocketAddress(family.any(), port))));
    }

    /** Receives UDP on all addresses of a family. */
    void receive(NetworkNamespace namespace, IpFamily family, int port, String place) throws IOException {
        listeners.add(done(new Bootstrap().group(loop).channelFactory(Transport.EPOLL.datagram(namespace, receiving(family)))
                .handler(new Arrival(place)).bind(new InetSocketAddress(family.any(), port))));
    }

    private Channel done(ChannelFuture future) throws IOException {
        run(future::isDone);
        if (future.isSuccess()) {
            return future.channel();
        }
        throw new IOException("the trial's own socket failed: " + future.cause(), future.cause());
    }

    /** Connects, and returns where the connection arrives, or the error that its sender gets. */
    String connect(NetworkNamespace from, int mark, @Nullable InetSocketAddress source, InetSocketAddress to) {
        return connect(begin(from, mark, source, to, false));
    }

    /** Like {@link #connect}, with a source address that needn't be the namespace's own. */
    String connectAs(NetworkNamespace from, int mark, InetSocketAddress source, InetSocketAddress to) {
        return connect(begin(from, mark, source, to, true));
    }

    private String connect(ChannelFuture future) {
        run(() -> arrived != null || future.isDone() && !future.isSuccess());
        return outcome(future);
    }

    /** Like {@link #connect}, where no answer is expected: waits little longer than a datagram takes for the same way. */
    String connectInVain(NetworkNamespace from, int mark, InetSocketAddress to, int fence) throws IOException {
        ChannelFuture future = begin(from, mark, null, to, false);
        fence(future, from, to, fence);
        return outcome(future);
    }

    /**
     * Like {@link #connectInVain}, where not even the first segment is expected in the other namespace.
     *
     * @param port the port to which the segment would go there
     * @param there what to return if it does
     */
    String connectUnseen(NetworkNamespace from, InetSocketAddress to, int fence, NetworkNamespace other,
            int port, String there) throws IOException {
        try (FirstSegments segments = FirstSegments.in(other)) {
            ChannelFuture future = begin(from, 0, null, to, false);
            fence(future, from, to, fence);
            boolean seen = segments.before(fence, port, Duration.ofNanos(Math.min(patienceNanos, BRIEFLY)));
            String outcome = outcome(future);
            return seen ? there : outcome;
        }
    }

    /** Connects twice from the same port; the first connection is reset by the side that accepts it. Returns where the second arrives. */
    String connectAgain(NetworkNamespace from, InetSocketAddress source, InetSocketAddress to) {
        resetting = true;
        try {
            String first = connect(from, 0, source, to);
            return first.equals(SILENCE) ? first : connect(from, 0, source, to);
        } finally {
            resetting = false;
        }
    }

    private void fence(ChannelFuture future, NetworkNamespace from, InetSocketAddress to, int fence) throws IOException {
        fenceArrived = false;
        Channel sender = sender(from, 0, IpFamily.of(to.getAddress()));
        sender.writeAndFlush(new DatagramPacket(Unpooled.wrappedBuffer(QUERY), new InetSocketAddress(to.getAddress(), fence)))
                .addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        Condition known = () -> arrived != null || future.isDone() && !future.isSuccess();
        run(() -> fenceArrived || known.holds(), Math.min(patienceNanos, BRIEFLY));
        run(known, Math.min(patienceNanos, BRIEFLY) / 10);
        run(sender.close()::isDone);
    }

    private ChannelFuture begin(NetworkNamespace from, int mark, @Nullable InetSocketAddress source, InetSocketAddress to,
            boolean foreign) {
        SocketOptions local = options(IpFamily.of(to.getAddress())).with(LinuxSocketOptions.REUSE_ADDRESS, true);
        SocketOptions options = foreign ? local.with(LinuxSocketOptions.TRANSPARENT, true) : local;
        Bootstrap bootstrap = new Bootstrap().group(loop).handler(nothing())
                .channelFactory(Transport.EPOLL.client(from, marked(options, mark)));
        arrived = null;
        return source == null ? bootstrap.connect(to) : bootstrap.connect(to, source);
    }

    /** Sends a datagram, and returns where it arrives, or the error that its sender gets. */
    String send(NetworkNamespace from, int mark, InetSocketAddress to) throws IOException {
        arrived = null;
        Channel sender = sender(from, mark, IpFamily.of(to.getAddress()));
        ChannelFuture future = sender.writeAndFlush(new DatagramPacket(Unpooled.wrappedBuffer(QUERY), to));
        run(() -> arrived != null || future.isDone() && !future.isSuccess());
        return outcome(future);
    }

    private Channel sender(NetworkNamespace from, int mark, IpFamily family) throws IOException {
        return done(new Bootstrap().group(loop).handler(nothing())
                .channelFactory(Transport.EPOLL.datagram(from, marked(options(family), mark)))
                .bind(new InetSocketAddress(family.any(), 0)));
    }

    private static SocketOptions marked(SocketOptions options, int mark) {
        return mark == 0 ? options : options.with(LinuxSocketOptions.MARK, mark);
    }

    private String outcome(ChannelFuture future) {
        String place = arrived;
        if (place == null) {
            Throwable cause = future.isDone() ? future.cause() : null;
            place = cause == null ? SILENCE
                    : cause instanceof ConnectException && String.valueOf(cause.getMessage()).contains("refused") ? REFUSED
                            : String.valueOf(cause.getMessage());
        }
        run(future.channel().close()::isDone);
        return place;
    }

    private static ChannelHandler nothing() {
        return new ChannelInboundHandlerAdapter();
    }

    private interface Condition {
        boolean holds();
    }

    private void run(Condition until) {
        run(until, patienceNanos);
    }

    private void run(Condition until, long nanos) {
        long end = System.nanoTime() + nanos;
        loop.runNow();
        for (long left = nanos; left > 0 && !until.holds(); left = end - System.nanoTime()) {
            loop.run(left);
        }
    }

    void stopListening() {
        for (Channel listener : listeners) {
            run(listener.close()::isDone);
        }
        listeners.clear();
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the loop's end is awaited here
    public void close() {
        stopListening();
        loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        while (!loop.isTerminated()) {
            loop.run(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }
}

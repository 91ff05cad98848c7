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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Listeners with names, and connections and datagrams to them: reports at which listener they arrive. All on the calling thread. */
final class TrialTraffic implements AutoCloseable {
    static final String REFUSED = "refused";
    static final String SILENCE = "no answer";
    private static final int FENCE_PORT = 8084;
    private static final long AT_ONCE = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long BRIEFLY = TimeUnit.SECONDS.toNanos(1);
    private static final byte[] QUERY = "inpod trial".getBytes(StandardCharsets.US_ASCII);

    private final ManualIoEventLoop loop = new ManualIoEventLoop(Thread.currentThread(), Transport.EPOLL.handlers());
    private final List<Channel> listeners = new ArrayList<>();
    private final long patienceNanos;
    private final long graceNanos;
    private @Nullable FirstSegments watched;
    private String placeWatched = "";
    private @Nullable String arrived;
    private int round;
    private int fences;
    private boolean resetting;

    TrialTraffic(Duration patience) {
        this.patienceNanos = patience.toNanos();
        this.graceNanos = Math.min(patienceNanos, BRIEFLY) / 10;
    }

    /** Why what was sent doesn't arrive. */
    interface Loss {
        boolean isExplained() throws IOException;
    }

    private interface Condition {
        boolean holds();
    }

    private interface Wait {
        void until(Condition known) throws IOException;
    }

    /** Between two namespaces: a datagram on it can't arrive before what was sent on it earlier. */
    private record Path(NetworkNamespace from, InetAddress to) {}

    /** Records the name of its listener when a connection or datagram arrives. */
    private final class Arrival extends ChannelInboundHandlerAdapter {
        private final String place;

        Arrival(String place) {
            this.place = place;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (context.channel().parent() != null) {
                arrivedAt(place);
                if (resetting) {
                    context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
                }
                context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            arrivedAt(place);
            ReferenceCountUtil.release(message);
        }

        @Override
        public boolean isSharable() {
            return true;
        }
    }

    /** Counts the fences of this round. */
    private final class FenceCount extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            fences += ((DatagramPacket) message).content().getInt(0) == round ? 1 : 0;
            ReferenceCountUtil.release(message);
        }
    }

    private void arrivedAt(String place) {
        arrived = arrived == null ? place : arrived;
    }

    private static SocketOptions options(IpFamily family) {
        return SocketOptions.NONE.withFamily(family.protocolFamily());
    }

    /** As the proxy's own sockets have them. */
    private static SocketOptions transparent(IpFamily family) {
        return options(family).with(LinuxSocketOptions.TRANSPARENT, true);
    }

    /** Listens for TCP on all addresses of a family, including foreign ones that the kernel delivers here. */
    void listen(NetworkNamespace namespace, IpFamily family, int port, String place) throws IOException {
        listen(namespace, transparent(family), new InetSocketAddress(family.any(), port), place);
    }

    /** Receives UDP on all addresses of a family. */
    void receive(NetworkNamespace namespace, IpFamily family, int port, String place) throws IOException {
        receive(namespace, transparent(family), new InetSocketAddress(family.any(), port), new Arrival(place));
    }

    /** Receives TCP and UDP as a program does that isn't the proxy. */
    void squat(NetworkNamespace namespace, IpFamily family, int port, String place) throws IOException {
        listen(namespace, options(family), new InetSocketAddress(family.any(), port), place);
        receive(namespace, options(family), new InetSocketAddress(family.any(), port), new Arrival(place));
    }

    /** Receives what shows that packets that were sent earlier are no longer on their way. */
    void receiveFences(NetworkNamespace namespace, IpFamily family) throws IOException {
        receive(namespace, options(family), new InetSocketAddress(family.any(), FENCE_PORT), new FenceCount());
    }

    /** From now on, the first segment of a connection to a port counts as an arrival there, even if nothing answers it. */
    void watch(NetworkNamespace namespace, int port, String place) throws IOException {
        watched = FirstSegments.in(namespace, port);
        placeWatched = place;
    }

    private void listen(NetworkNamespace namespace, SocketOptions options, InetSocketAddress at, String place) throws IOException {
        listeners.add(done(new ServerBootstrap().group(loop)
                .channelFactory(Transport.EPOLL.server(namespace, options.with(LinuxSocketOptions.REUSE_ADDRESS, true)))
                .childHandler(new Arrival(place)).bind(at)));
    }

    private void receive(NetworkNamespace namespace, SocketOptions options, InetSocketAddress at, ChannelHandler handler)
            throws IOException {
        listeners.add(done(new Bootstrap().group(loop).channelFactory(Transport.EPOLL.datagram(namespace, options)).handler(handler)
                .bind(at)));
    }

    private Channel done(ChannelFuture future) throws IOException {
        run(future::isDone);
        if (future.isSuccess()) {
            return future.channel();
        }
        throw new IOException("the trial's own socket failed: " + future.cause(), future.cause());
    }

    /**
     * Sends packets, and returns where the first of them arrives, or the error that its sender gets. Those that don't arrive are soon given
     * up, when datagrams that were sent later, by the same paths, have arrived.
     */
    String send(List<TrialPacket> packets) throws IOException {
        return send(packets, known -> awaitFences(packets, known, graceNanos, graceNanos / 4));
    }

    /** The same, for packets that shouldn't arrive, and so get more time. */
    String sendInVain(List<TrialPacket> packets) throws IOException {
        return send(packets, known -> awaitFences(packets, known, Math.min(patienceNanos, BRIEFLY), graceNanos));
    }

    /** The same, but gives up only when the loss is explained, or else when patience ends. */
    String send(List<TrialPacket> packets, Loss loss) throws IOException {
        return send(packets, known -> awaitExplanation(loss, known));
    }

    private String send(List<TrialPacket> packets, Wait wait) throws IOException {
        resetting = packets.stream().anyMatch(TrialPacket::repeated);
        try {
            String first = resetting ? once(packets, wait) : "";
            return first.equals(SILENCE) ? first : once(packets, wait);
        } finally {
            resetting = false;
        }
    }

    private String once(List<TrialPacket> packets, Wait wait) throws IOException {
        firstSegmentPassed(); // of an earlier packet
        arrived = null;
        List<ChannelFuture> sent = new ArrayList<>();
        for (TrialPacket packet : packets) {
            sent.add(packet.datagram() ? write(packet) : connect(packet));
        }
        wait.until(() -> arrived != null || failures(sent) > 0);
        String outcome = outcome(sent);
        close(sent);
        return outcome;
    }

    private void awaitFences(List<TrialPacket> packets, Condition known, long nanos, long graceAfterwards) throws IOException {
        run(known, AT_ONCE);
        if (known.holds()) {
            return;
        }
        round++;
        fences = 0;
        Set<Path> paths = new LinkedHashSet<>();
        packets.forEach(packet -> paths.add(new Path(packet.from(), packet.to().getAddress())));
        List<ChannelFuture> sent = new ArrayList<>();
        for (Path path : paths) {
            sent.add(sender(path.from(), 0, IpFamily.of(path.to()))
                    .writeAndFlush(new DatagramPacket(Unpooled.copyInt(round), new InetSocketAddress(path.to(), FENCE_PORT))));
        }
        run(() -> fences + failures(sent) == paths.size() || known.holds(), nanos);
        run(known, graceAfterwards);
        close(sent);
    }

    private static long failures(List<ChannelFuture> sent) {
        return sent.stream().filter(future -> future.isDone() && !future.isSuccess()).count();
    }

    private void close(List<ChannelFuture> sent) {
        for (ChannelFuture future : sent) {
            run(future.channel().close()::isDone);
        }
    }

    private void awaitExplanation(Loss loss, Condition known) throws IOException {
        long end = System.nanoTime() + patienceNanos;
        run(known, graceNanos);
        for (long nanos = graceNanos; !known.holds() && !loss.isExplained() && System.nanoTime() < end; nanos *= 2) {
            run(known, Math.min(nanos, Math.max(1, end - System.nanoTime())));
        }
    }

    private ChannelFuture connect(TrialPacket packet) {
        SocketOptions options = options(IpFamily.of(packet.to().getAddress())).with(LinuxSocketOptions.REUSE_ADDRESS, true);
        InetSocketAddress source = packet.source();
        if (source != null) {
            options = options.with(LinuxSocketOptions.TRANSPARENT, true);
        }
        Bootstrap bootstrap = new Bootstrap().group(loop).handler(nothing())
                .channelFactory(Transport.EPOLL.client(packet.from(), marked(options, packet.mark())));
        return source == null ? bootstrap.connect(packet.to()) : bootstrap.connect(packet.to(), source);
    }

    private ChannelFuture write(TrialPacket packet) throws IOException {
        Channel sender = sender(packet.from(), packet.mark(), IpFamily.of(packet.to().getAddress()));
        return sender.writeAndFlush(new DatagramPacket(Unpooled.wrappedBuffer(QUERY), packet.to()));
    }

    private Channel sender(NetworkNamespace from, int mark, IpFamily family) throws IOException {
        return done(new Bootstrap().group(loop).handler(nothing())
                .channelFactory(Transport.EPOLL.datagram(from, marked(options(family), mark)))
                .bind(new InetSocketAddress(family.any(), 0)));
    }

    private static SocketOptions marked(SocketOptions options, int mark) {
        return mark == 0 ? options : options.with(LinuxSocketOptions.MARK, mark);
    }

    private String outcome(List<ChannelFuture> sent) throws IOException {
        String place = arrived;
        if (place != null) {
            return place;
        }
        if (firstSegmentPassed()) {
            return placeWatched;
        }
        for (ChannelFuture future : sent) {
            Throwable cause = future.isDone() ? future.cause() : null;
            if (cause != null) {
                String message = String.valueOf(cause.getMessage());
                return cause instanceof ConnectException && message.contains("refused") ? REFUSED : message;
            }
        }
        return SILENCE;
    }

    private boolean firstSegmentPassed() throws IOException {
        return watched != null && watched.passed();
    }

    private static ChannelHandler nothing() {
        return new ChannelInboundHandlerAdapter();
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
        loop.runNow(); // what has happened while this thread didn't run
    }

    /** Closes all listeners, and stops watching. */
    void stopListening() {
        for (Channel listener : listeners) {
            run(listener.close()::isDone);
        }
        listeners.clear();
        if (watched != null) {
            watched.close();
            watched = null;
        }
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

package io.inpod.tproxy.listen;

import static io.netty.util.NetUtil.toSocketAddressString;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.PassedListener;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.tcp.TcpListener;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Listens inside a network namespace and finds out each connection's original destination before the connection is registered: it refuses
 * a connection that would lead back to the proxy, and then has the handler pick the event loop, so that the connection can be on the same
 * one as its upstream or its tunnel.
 *
 * <p>If the system can't accept more connections (too many open files, no memory), accepting pauses and later continues; it never spins
 * and never stops.
 *
 * <p>May be used from any thread.
 */
public final class AcceptLoop implements AutoCloseable {
    private static final Pattern SOCKET = Pattern.compile("socket:\\[(\\d+)]");

    private final NetworkNamespace namespace;
    private final TcpListener listener;

    private AcceptLoop(NetworkNamespace namespace, TcpListener listener) {
        this.namespace = namespace;
        this.listener = listener;
    }

    /**
     * Listens. Blocks until the listener is bound, so it must not be called on an event loop.
     *
     * @param namespace the namespace to listen in; must stay open until the loop is closed
     * @param address the address and port; port 0 for any free one
     * @param sockets options of the listener, which its connections inherit: {@link io.inpod.netns.socket.LinuxSocketOptions#TRANSPARENT}
     *     for TPROXY, {@link io.inpod.netns.socket.LinuxSocketOptions#MARK}, and keepalive, which detects peers that have vanished. ({@link
     *     io.inpod.netns.socket.LinuxSocketOptions#USER_TIMEOUT} also ends connections to live peers that don't read for that long; it is
     *     off unless set.) {@link io.inpod.netns.socket.LinuxSocketOptions#REUSE_PORT} makes a {@linkplain #handOver hand-over} possible
     * @param loop accepts; an epoll event loop, usually one of those that also serve connections
     * @param rules which connections are refused
     * @param handler serves the accepted connections
     * @return the listener
     * @throws IOException if the socket can't be created, an option is refused, or the address can't be bound (usually EADDRINUSE)
     */
    public static AcceptLoop listen(
            NetworkNamespace namespace, InetSocketAddress address, SocketOptions sockets, EventLoop loop, AcceptRules rules,
            AcceptHandler handler)
            throws IOException {
        return begin(namespace, address, sockets, loop, rules, handler).await();
    }

    /**
     * Begins to listen as {@link #listen} does, without waiting for the event loop. The listener accepts as soon as it is bound, which may
     * be before anybody waits for it.
     *
     * @param namespace see {@link #listen}
     * @param address see {@link #listen}
     * @param sockets see {@link #listen}
     * @param loop see {@link #listen}
     * @param rules see {@link #listen}
     * @param handler see {@link #listen}
     * @return waits for the listener; the caller must wait, and close it
     */
    public static BegunListener begin(NetworkNamespace namespace, InetSocketAddress address, SocketOptions sockets, EventLoop loop,
            AcceptRules rules, AcceptHandler handler) {
        try {
            TcpListener listener = TcpListener.of(NettyChannels.server(namespace, sockets).newChannel(), handler.resetsUnlessEnded());
            listener.pipeline().addLast(new Accepting(rules, handler));
            ChannelFuture binding = start(listener, loop, address);
            return new BegunListener(() -> bound(namespace, address, listener, binding));
        } catch (ChannelException e) {
            return new BegunListener(() -> {
                throw refused(namespace, address, e);
            });
        } catch (IOException e) {
            return new BegunListener(() -> {
                throw refused(namespace, address, new ChannelException(e.getMessage(), e));
            });
        }
    }

    private static AcceptLoop bound(NetworkNamespace namespace, InetSocketAddress address, TcpListener listener,
            ChannelFuture binding) throws IOException {
        if (binding.awaitUninterruptibly().isSuccess()) {
            return new AcceptLoop(namespace, listener);
        }
        if (listener.isRegistered()) {
            listener.close().awaitUninterruptibly();
        }
        throw refused(namespace, address, new ChannelException(binding.cause().getMessage(), binding.cause()));
    }

    private static IOException refused(NetworkNamespace namespace, InetSocketAddress address, ChannelException e) {
        return new IOException("can't listen on " + toSocketAddressString(address) + " in " + namespace + ": " + e.getMessage(),
                e.getCause() == null ? e : e.getCause());
    }

    /** Registers and binds a listener on its event loop, for which the caller waits once instead of twice. */
    @SuppressWarnings("FutureReturnValueIgnored") // bind() returns its argument
    private static ChannelFuture start(TcpListener listener, EventLoop loop, InetSocketAddress address) {
        ChannelPromise bound = listener.newPromise();
        try {
            loop.execute(() -> {
                ChannelFuture registered = loop.register(listener); // done at once, as this is the loop; closes it if it fails
                if (registered.isSuccess()) {
                    listener.bind(address, bound);
                } else {
                    bound.setFailure(registered.cause());
                }
            });
        } catch (RejectedExecutionException e) {
            listener.unsafe().closeForcibly();
            throw new ChannelException("the event loop has ended", e);
        }
        return bound;
    }

    private static void register(TcpListener listener, EventLoop loop, AcceptRules rules, AcceptHandler handler) {
        listener.pipeline().addLast(new Accepting(rules, handler));
        ChannelFuture done = loop.register(listener).awaitUninterruptibly(); // closes it if it fails
        if (!done.isSuccess()) {
            throw new ChannelException(done.cause().getMessage(), done.cause());
        }
    }

    /**
     * Accepts from a listener that another process has {@linkplain #duplicate passed}. Both accept from the same queue until one closes its
     * end, which no client notices: this hands a listener over without SO_REUSEPORT, so that no foreign process can join the port. Blocks,
     * so it must not be called on an event loop.
     *
     * @param passed the other process's listener; remains the caller's, who may close it afterwards
     * @param namespace see {@link #listen}
     * @param address the address and port on which it must listen
     * @param sockets the listener's options; they replace those that the other process has set, for its end too
     * @param loop see {@link #listen}
     * @param rules see {@link #listen}
     * @param handler see {@link #listen}
     * @return the listener
     * @throws IOException if it isn't a TCP listener of this namespace on this address, or an option is refused
     */
    public static AcceptLoop adopt(OwnedFd passed, NetworkNamespace namespace, InetSocketAddress address, SocketOptions sockets,
            EventLoop loop, AcceptRules rules, AcceptHandler handler) throws IOException {
        try {
            TcpListener listener =
                    TcpListener.of(PassedListener.adopt(namespace, address, sockets, passed), handler.resetsUnlessEnded());
            register(listener, loop, rules, handler);
            return new AcceptLoop(namespace, listener);
        } catch (ChannelException | IOException e) {
            throw new IOException(
                    "can't take over the listener on " + toSocketAddressString(address) + " in " + namespace + ": " + e.getMessage(), e);
        }
    }

    /**
     * Duplicates the listener's descriptor, to be passed to the process that takes over, see {@link #adopt}. Waits for the event loop, so
     * it must not be called on one.
     *
     * @return the descriptor, to be closed by the caller
     * @throws IOException if the listener is closed or the process has too many files open
     */
    public OwnedFd duplicate() throws IOException {
        Future<OwnedFd> duplicate = listener.eventLoop().submit(() -> PassedListener.duplicate(listener)).awaitUninterruptibly();
        if (!duplicate.isSuccess()) {
            throw new IOException("can't duplicate " + this + ": " + duplicate.cause().getMessage(), duplicate.cause());
        }
        return duplicate.getNow();
    }

    /** {@return the address on which it listens} */
    public InetSocketAddress localAddress() {
        return listener.localAddress();
    }

    /** {@return the listening channel, for its options and its close future} */
    public Channel channel() {
        return listener;
    }

    /** {@return the inode of its socket, by which sock_diag(7) and proc(5) name it; 0 if it is closed} */
    public long inode() {
        try {
            Matcher link = SOCKET.matcher(Files.readSymbolicLink(Path.of("/proc/self/fd/" + listener.fd().intValue())).toString());
            return link.matches() ? Long.parseLong(link.group(1)) : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    /**
     * Closes the listener so that another process, which already listens on the same address with SO_REUSEPORT, takes over without any
     * client being reset. Connections that were accepted before stay open. Reads from {@code /proc}, so it must not be called on an event
     * loop. Hand several listeners of one namespace over {@linkplain #handOver(List, Duration) together}; otherwise the hand-over that ends
     * first resets the kernel's setting while the others still need it.
     *
     * @param settle how long TCP handshakes that have begun may take, such as 3 seconds
     * @return how the hand-over went, and which risk could not be excluded; available after {@code settle}, or after ten times as long if
     *     clients keep connecting. Until then the namespace must stay open and the accepting event loop must run. Never fails
     */
    public Future<HandOver> handOver(Duration settle) {
        return handOver(List.of(this), settle).get(0);
    }

    /**
     * Hands over several listeners, each as {@link #handOver(Duration)} does. Listeners of the same namespace share its setting
     * {@code net.ipv4.tcp_migrate_req}, which is restored when the last of them is done.
     *
     * @param listeners the listeners, of any namespaces
     * @param settle see {@link #handOver(Duration)}
     * @return one future for each listener, in the same order. Until all are done, the namespaces must stay open and the accepting event
     *     loops must run. None of them fails
     */
    public static List<Future<HandOver>> handOver(List<AcceptLoop> listeners, Duration settle) {
        Map<NetworkNamespace, MigrationSetting> settings = new HashMap<>();
        return listeners.stream().map(loop -> new HandOverProcedure(loop.namespace, loop.listener, settle,
                settings.computeIfAbsent(loop.namespace, MigrationSetting::new)).start()).toList();
    }

    /**
     * Closes the listener, and waits for that unless called on its event loop. Clients that have connected but haven't been accepted yet
     * are reset, see {@link #handOver}; accepted connections stay open.
     */
    @Override
    public void close() {
        ChannelFuture closed = listener.close();
        if (!listener.eventLoop().inEventLoop()) {
            closed.awaitUninterruptibly();
        }
    }

    @Override
    public String toString() {
        return "listener " + listener.localAddress() + " in " + namespace;
    }
}

package io.inpod.hbone.client;

import io.inpod.hbone.Authority;
import io.inpod.hbone.TunnelChannel;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.NotYetConnectedException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A channel that exists before its tunnel, as a socket does before it is connected. Once the tunnel exists, it passes everything on: what
 * is read by {@link TunnelBridge}, and one message at a time in the other direction, so that a write has completed when the tunnel's has.
 */
final class TunnelSocket extends AbstractChannel implements DuplexChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    /** Opens a tunnel on an event loop. */
    @FunctionalInterface
    interface Opener {
        Future<TunnelChannel> open(EventLoop loop, Authority authority, ChannelHandler handler);
    }

    private final Opener opener;
    private final TunnelSocketConfig config = new TunnelSocketConfig(this);
    private volatile boolean open = true;
    private volatile boolean inputShutdown;
    private volatile boolean outputShutdown;
    private volatile @Nullable TunnelChannel tunnel;
    private volatile @Nullable SocketAddress remote;
    // Below: event loop only.
    private @Nullable Future<TunnelChannel> opening;
    private boolean readPending;
    private boolean writing;
    private int unsent;
    private @Nullable ChannelPromise shutdownWhenSent;

    TunnelSocket(Opener opener) {
        super(null);
        this.opener = opener;
    }

    // --- for the tunnel's side

    /** The peer has ended its direction. */
    void inputEnded() {
        inputShutdown = true;
        if (config.isAllowHalfClosure()) {
            pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        } else {
            unsafe().close(voidPromise());
        }
    }

    private void opened(TunnelChannel made, InetSocketAddress to, ChannelPromise connected) {
        boolean wanted = open && connected.setUncancellable();
        if (!wanted) {
            made.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            return;
        }
        tunnel = made;
        remote = to;
        connected.trySuccess();
        pipeline().fireChannelActive();
        if (!made.isOpen()) {
            unsafe().close(voidPromise());
        } else if (readPending) {
            made.read();
        }
    }

    // --- the channel

    @Override
    public TunnelSocketConfig config() {
        return config;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open && tunnel != null;
    }

    @Override
    public boolean isWritable() {
        return !outputShutdown && super.isWritable();
    }

    @Override
    public boolean isInputShutdown() {
        return !isActive() || inputShutdown;
    }

    @Override
    public boolean isOutputShutdown() {
        return !isActive() || outputShutdown;
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    @Override
    protected void doBeginRead() {
        TunnelChannel to = tunnel;
        readPending = to == null;
        if (to != null) {
            to.read();
        }
    }

    @Override
    protected Object filterOutboundMessage(Object message) throws Exception {
        if (!(message instanceof ByteBuf)) {
            throw new UnsupportedOperationException("a tunnel takes ByteBuf, not " + message.getClass().getName());
        }
        if (shutdownWhenSent != null || outputShutdown) {
            throw new ChannelOutputShutdownException("Channel output shutdown");
        }
        unsent++;
        return message;
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
        TunnelChannel to = tunnel;
        while (to != null && !writing && out.current() instanceof ByteBuf message) {
            ChannelFuture written = to.writeAndFlush(message.retain());
            if (written.isDone()) {
                written(out, written);
            } else {
                writing = true;
                written.addListener((ChannelFuture late) -> {
                    writing = false;
                    ChannelOutboundBuffer rest = unsafe().outboundBuffer();
                    if (rest != null) {
                        written(rest, late);
                        ((TunnelSocketUnsafe) unsafe()).flush0();
                    }
                });
            }
        }
    }

    private void written(ChannelOutboundBuffer out, ChannelFuture written) {
        unsent--;
        if (written.isSuccess()) {
            out.remove();
        } else {
            out.remove(written.cause());
        }
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        onLoop(() -> endInput(promise));
        return promise;
    }

    private void endInput(ChannelPromise promise) {
        TunnelChannel to = tunnel;
        if (to == null || !open) {
            promise.tryFailure(open ? new NotYetConnectedException() : new ClosedChannelException());
        } else {
            inputShutdown = true;
            to.shutdownInput().addListener(done -> follow(done, promise));
        }
    }

    private static void follow(Future<?> done, ChannelPromise promise) {
        if (done.isSuccess()) {
            promise.trySuccess();
        } else {
            promise.tryFailure(done.cause());
        }
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        onLoop(() -> endOutput(promise));
        return promise;
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        onLoop(() -> {
            endInput(newPromise());
            endOutput(promise);
        });
        return promise;
    }

    private void endOutput(ChannelPromise promise) {
        TunnelChannel to = tunnel;
        ChannelOutboundBuffer pending = unsafe().outboundBuffer();
        ChannelPromise earlier = shutdownWhenSent;
        if (to == null || !open) {
            promise.tryFailure(open ? new NotYetConnectedException() : new ClosedChannelException());
        } else if (outputShutdown) {
            promise.trySuccess();
        } else if (earlier != null) {
            earlier.addListener(done -> follow(done, promise));
        } else if (pending != null && pending.size() > 0) {
            shutdownWhenSent = promise;
        } else if (promise.setUncancellable()) {
            shutdownWhenSent = null;
            outputShutdown = true;
            to.shutdownOutput().addListener(done -> follow(done, promise));
            pipeline().fireUserEventTriggered(ChannelOutputShutdownEvent.INSTANCE);
        }
    }

    @Override
    protected void doClose() {
        open = false;
        Future<TunnelChannel> pending = opening;
        if (pending != null) {
            pending.cancel(false);
        }
        TunnelChannel to = tunnel;
        if (to != null) {
            int linger = config.linger();
            if (unsent > 0 || linger >= 0) { // bytes are missing: a reset
                to.config().setOption(ChannelOption.SO_LINGER, unsent > 0 ? 0 : linger);
            }
            to.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
        ChannelPromise waiting = shutdownWhenSent;
        if (waiting != null) {
            shutdownWhenSent = null;
            waiting.tryFailure(new ChannelOutputShutdownException("closed before everything was sent"));
        }
    }

    private void onLoop(Runnable action) {
        if (eventLoop().inEventLoop()) {
            action.run();
        } else {
            eventLoop().execute(action);
        }
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return true;
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        TunnelChannel to = tunnel;
        return to == null ? null : to.localAddress();
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return remote;
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw new UnsupportedOperationException("a tunnel can't be bound; HboneDestination.sourceAddress binds its connection");
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new TunnelSocketUnsafe();
    }

    private final class TunnelSocketUnsafe extends AbstractUnsafe {
        @Override
        public void connect(SocketAddress to, SocketAddress local, ChannelPromise promise) {
            if (promise.isDone() || !ensureOpen(promise)) {
                return;
            }
            if (opening != null) {
                promise.tryFailure(tunnel == null ? new ConnectionPendingException() : new AlreadyConnectedException());
                return;
            }
            try {
                if (local != null) {
                    doBind(local);
                }
                open((InetSocketAddress) to, promise);
            } catch (ClassCastException e) {
                promise.tryFailure(new UnsupportedOperationException("a tunnel leads to an InetSocketAddress, not to " + to, e));
                closeIfClosed();
            } catch (RuntimeException e) { // no host that can be an authority, or port 0
                promise.tryFailure(e);
                closeIfClosed();
            }
        }

        private void open(InetSocketAddress to, ChannelPromise promise) {
            Authority authority = to.isUnresolved() ? new Authority(to.getHostString(), to.getPort()) : Authority.of(to);
            Future<TunnelChannel> tunnels = opener.open(eventLoop(), authority, new TunnelBridge(TunnelSocket.this));
            opening = tunnels;
            int patience = config.getConnectTimeoutMillis();
            Future<?> timer = patience <= 0 ? null : eventLoop().schedule(() -> {
                if (promise.tryFailure(new ConnectTimeoutException("no tunnel to " + authority + " within " + patience + " ms"))) {
                    close(voidPromise());
                }
            }, patience, TimeUnit.MILLISECONDS);
            promise.addListener(done -> {
                if (timer != null) {
                    timer.cancel(false);
                }
                if (done.isCancelled()) {
                    close(voidPromise());
                }
            });
            tunnels.addListener((Future<TunnelChannel> done) -> {
                if (done.isSuccess()) {
                    opened(done.getNow(), to, promise);
                } else {
                    promise.tryFailure(done.isCancelled() ? new ClosedChannelException() : done.cause());
                    close(voidPromise());
                }
            });
        }

        @Override
        protected void flush0() {
            super.flush0();
            ChannelPromise promise = shutdownWhenSent;
            ChannelOutboundBuffer pending = outboundBuffer();
            if (promise != null && pending != null && pending.size() == 0) {
                shutdownWhenSent = null;
                endOutput(promise);
            }
        }
    }
}

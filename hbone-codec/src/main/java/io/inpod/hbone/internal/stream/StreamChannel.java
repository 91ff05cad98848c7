package io.inpod.hbone.internal.stream;

import io.inpod.hbone.Authority;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.handler.codec.http2.Http2Error;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The channel of one stream: a tunnel. */
public final class StreamChannel extends TunnelChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    private final StreamChannelConfig config = new StreamChannelConfig(this);
    private final Streams streams;
    private final Stream stream;
    private final Authority authority;
    private final List<Header> peerHeaders;
    private final TunnelInput input;
    private volatile boolean open = true;
    private volatile boolean outputShutdown;
    private @Nullable ChannelPromise shutdownWhenDrained;
    /** How many messages were written and are not sent yet. */
    private int unsent;

    StreamChannel(Channel parent, Streams streams, Stream stream, Authority authority, List<Header> peerHeaders) {
        super(parent, new StreamChannelId(parent.id(), stream.id()));
        this.streams = streams;
        this.stream = stream;
        this.authority = authority;
        this.peerHeaders = peerHeaders;
        this.input = new TunnelInput(this, streams, stream);
    }

    @Override
    public Authority authority() {
        return authority;
    }

    @Override
    public SpiffeId peerIdentity() {
        return streams.peer();
    }

    @Override
    public List<Header> peerHeaders() {
        return peerHeaders;
    }

    @Override
    public int streamId() {
        return stream.id();
    }

    @Override
    public StreamChannelConfig config() {
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
        return open;
    }

    /** False once the output has been shut down, as for a socket. */
    @Override
    public boolean isWritable() {
        return !outputShutdown && super.isWritable();
    }

    /** Checks for changes: bytes, an end, a larger window. */
    void process() {
        if (open) {
            resumeWrite();
            input.deliver();
        }
    }

    /** Receives bytes from the peer; takes ownership. */
    public void received(ByteBuf part) {
        input.add(part);
    }

    void resumeWrite() {
        ((TunnelUnsafe) unsafe()).resume();
    }

    /** The end of input has been delivered. */
    void inputEnded() {
        if (config.isAllowHalfClosure()) {
            pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        } else {
            unsafe().close(voidPromise());
        }
        closeIfEnded();
    }

    void failed(TunnelResetException failure) {
        pipeline().fireExceptionCaught(failure);
        unsafe().close(voidPromise());
    }

    /** Closes the tunnel if both directions have ended and the reader has seen the end. */
    void closeIfEnded() {
        if (open && stream.failure() == null && input.isShutdown() && stream.isRemoteEnded() && (outputShutdown || stream.isDismissed())) {
            unsafe().close(voidPromise());
        }
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) throws TunnelResetException {
        TunnelResetException failure = stream.failure();
        if (failure != null) {
            throw failure; // what was received can still be read
        }
        int maxData = streams.maxData();
        for (Object message = out.current(); message != null; message = out.current()) {
            ByteBuf buffer = (ByteBuf) message;
            int readable = buffer.readableBytes();
            if (readable > 0) {
                int n = streams.allowance(stream, Math.min(readable, maxData));
                if (n <= 0) {
                    return;
                }
                streams.sendData(stream, buffer.readRetainedSlice(n));
                out.progress(n);
            }
            if (!buffer.isReadable()) {
                unsent--;
                out.remove();
            }
        }
    }

    @Override
    protected Object filterOutboundMessage(Object message) throws Exception {
        if (!(message instanceof ByteBuf)) {
            throw new UnsupportedOperationException("a tunnel takes ByteBuf, not " + message.getClass().getName());
        }
        if (shutdownWhenDrained != null || outputShutdown) {
            throw new ChannelOutputShutdownException("Channel output shutdown");
        }
        unsent++;
        return message;
    }

    @Override
    protected void doBeginRead() {
        input.read();
    }

    @Override
    public boolean isInputShutdown() {
        return !open || input.isShutdown();
    }

    @Override
    public boolean isOutputShutdown() {
        return !open || outputShutdown;
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        onLoop(() -> {
            input.shutdown();
            promise.trySuccess();
            closeIfEnded();
        });
        return promise;
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        if (eventLoop().inEventLoop()) {
            endOutput(promise);
        } else {
            eventLoop().execute(() -> endOutput(promise));
        }
        return promise;
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        onLoop(() -> {
            input.shutdown();
            endOutput(promise);
        });
        return promise;
    }

    private void endOutput(ChannelPromise promise) {
        ChannelPromise earlier = shutdownWhenDrained;
        if (earlier != null) {
            earlier.addListener(f -> {
                if (f.isSuccess()) {
                    promise.trySuccess();
                } else {
                    promise.tryFailure(f.cause());
                }
            });
        } else if (outputShutdown && open) {
            promise.trySuccess();
        } else {
            ChannelOutboundBuffer pending = unsafe().outboundBuffer();
            if (pending != null && pending.size() > 0) {
                shutdownWhenDrained = promise;
            } else {
                endOutputNow(promise);
            }
        }
    }

    private void endOutputNow(ChannelPromise promise) {
        shutdownWhenDrained = null;
        // Not AbstractUnsafe.shutdownOutput: it creates an exception, with its stack trace, to fail writes that don't exist.
        if (!open) {
            promise.tryFailure(new ClosedChannelException());
        } else if (promise.setUncancellable()) {
            doShutdownOutput();
            promise.trySuccess();
            pipeline().fireUserEventTriggered(ChannelOutputShutdownEvent.INSTANCE);
        }
        closeIfEnded();
    }

    @Override
    protected void doShutdownOutput() {
        outputShutdown = true;
        if (!stream.isClosed()) {
            streams.endOutput(stream);
        }
    }

    @Override
    protected void doClose() {
        open = false;
        // As for a socket: close() after the peer's end, with nothing left to read or send, ends in order.
        boolean complete = stream.input().isEmpty() && unsent == 0 && !config.isAbortive();
        boolean lingers = complete && config.linger() > 0 && !stream.isRemoteEnded();
        input.close();
        if (complete && (lingers || stream.isRemoteEnded()) && !stream.isClosed() && !outputShutdown) {
            streams.endOutput(stream);
        }
        if (lingers && !stream.isClosed()) {
            streams.linger(stream, config.linger());
        } else if (!stream.isClosed()) {
            streams.reset(stream, config.isAbortive() ? Http2Error.CONNECT_ERROR : Http2Error.CANCEL);
        }
        ChannelPromise waiting = shutdownWhenDrained;
        if (waiting != null) {
            shutdownWhenDrained = null;
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
    protected AbstractUnsafe newUnsafe() {
        return new TunnelUnsafe();
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop == parent().eventLoop();
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return parent().localAddress();
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return parent().remoteAddress();
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw new UnsupportedOperationException("a tunnel is a stream of its connection, which alone is bound");
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    private final class TunnelUnsafe extends AbstractUnsafe {
        @Override
        public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            promise.tryFailure(new UnsupportedOperationException("this tunnel is connected already; HboneClient opens others"));
        }

        void resume() {
            ChannelOutboundBuffer pending = outboundBuffer();
            if (pending != null && !pending.isEmpty()) {
                flush0();
            }
        }

        @Override
        protected void flush0() {
            super.flush0();
            ChannelPromise promise = shutdownWhenDrained;
            ChannelOutboundBuffer pending = outboundBuffer();
            if (promise != null && pending != null && pending.size() == 0) {
                endOutputNow(promise);
            }
        }
    }
}

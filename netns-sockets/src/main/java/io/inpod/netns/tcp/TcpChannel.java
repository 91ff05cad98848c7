package io.inpod.netns.tcp;

import io.inpod.netns.socket.PreparedOptions;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelId;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.RecvByteBufAllocator.ExtendedHandle;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.IovArray;
import io.netty.channel.unix.UnixChannel;
import io.netty.channel.unix.UnixChannelUtil;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.internal.StringUtil;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection for event loops on epoll. It behaves like Netty's own channel, with fewer system calls in a connection's life:
 *
 * <ul>
 *   <li>It is registered with epoll once, edge-triggered. What is ready is remembered, not asked again. Closing it takes it out.
 *   <li>Nothing is asked that is known: addresses, whether connecting has succeeded, SO_LINGER, the size of buffers.
 *   <li>The end of the input isn't shut down, which changes nothing in the kernel.
 *   <li>TCP_NODELAY, which concerns only what is written while something else is in flight, is set before the second write.
 *   <li>Options that concern only connections that last, or that carry much, are set when that is the case, see {@link TcpSockets}.
 *   <li>Ending the output while nothing waits to be written creates no exception.
 * </ul>
 *
 * <p>It carries {@link ByteBuf}s only. {@link TcpListener} and {@link TcpSockets} create it.
 */
public final class TcpChannel extends AbstractChannel implements SocketChannel, UnixChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);
    private static final int IN = EpollIoOps.EPOLLIN.value();
    private static final int URGENT = 0x2; // sys/epoll.h, EPOLLPRI
    private static final int OUT = EpollIoOps.EPOLLOUT.value();
    private static final int ERROR = EpollIoOps.EPOLLERR.value();
    private static final int HANG_UP = 0x10; // sys/epoll.h, EPOLLHUP
    private static final int INPUT_ENDED = EpollIoOps.EPOLLRDHUP.value();
    private static final EpollIoOps INPUT = EpollIoOps.valueOf(IN | URGENT | INPUT_ENDED | EpollIoOps.EPOLLET.value());
    private static final EpollIoOps INPUT_AND_OUTPUT = EpollIoOps.valueOf(INPUT.value() | OUT);

    private final FileDescriptor fd;
    private final TcpConfig config;
    private final long namespaceCookie;
    /** Whether it is an IPv4 socket; an IPv6 one may carry IPv4. */
    private final boolean v4;
    private volatile boolean active;
    private volatile @Nullable InetSocketAddress local;
    private volatile @Nullable InetSocketAddress remote;
    private volatile boolean inputShut;
    private volatile boolean outputShut;

    // All below: on the event loop only.
    private @Nullable IoRegistration registration;
    private EpollIoOps watched = INPUT;
    /** The kernel may have something to read. */
    private boolean readable;
    /** The input has ended or failed: what the kernel has received will be followed by that. */
    private boolean atEnd;
    /** Urgent data has come: a read ends before it, whatever follows it. */
    private boolean urgent;
    private boolean readPending;
    private boolean reading;
    /** The kernel has accepted no more, and will tell when it does. */
    private boolean outputBlocked;
    private boolean withoutDelay;
    private boolean written;
    private boolean endReported;
    private @Nullable ChannelPromise connecting;
    private @Nullable InetSocketAddress requested;
    private @Nullable Future<?> connectTimer;
    private final Youth youth;

    /** An accepted connection. */
    TcpChannel(TcpListener listener, int fd, InetSocketAddress remote, long namespaceCookie, int linger, boolean withoutDelay) {
        super(listener);
        this.fd = new FileDescriptor(fd);
        this.namespaceCookie = namespaceCookie;
        this.v4 = false; // connects nowhere
        this.config = new TcpConfig(this, linger);
        this.remote = remote;
        this.active = true;
        this.withoutDelay = withoutDelay;
        this.youth = new Youth(this, null);
    }

    /** A connection that isn't connected yet, with options that are set late. */
    TcpChannel(int fd, boolean v4, long namespaceCookie, boolean withoutDelay, @Nullable PreparedOptions late) {
        super(null);
        this.fd = new FileDescriptor(fd);
        this.namespaceCookie = namespaceCookie;
        this.v4 = v4;
        this.config = new TcpConfig(this, -1);
        this.withoutDelay = withoutDelay;
        this.youth = new Youth(this, late);
    }

    @Override
    protected ChannelId newId() {
        return TcpChannelId.random();
    }

    @Override
    public FileDescriptor fd() {
        return fd;
    }

    @Override
    public SocketChannelConfig config() {
        return config;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public @Nullable ServerSocketChannel parent() {
        return (ServerSocketChannel) super.parent();
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return (InetSocketAddress) super.remoteAddress();
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        InetSocketAddress known = local;
        if (known != null || !active) {
            return known;
        }
        synchronized (fd) { // the number may be another socket's once it is closed
            if (!fd.isOpen()) {
                return null;
            }
            try {
                known = TcpCalls.localAddress(fd);
            } catch (IOException e) {
                return null;
            }
        }
        local = known;
        return known;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return remote;
    }

    @Override
    public boolean isOpen() {
        return fd.isOpen();
    }

    @Override
    public boolean isActive() {
        return active;
    }

    void requireOpen() throws ClosedChannelException {
        if (!fd.isOpen()) {
            throw new ClosedChannelException();
        }
    }

    /** Returns whether TCP_NODELAY is still to be set. */
    boolean delayIsUndecided() {
        return !withoutDelay;
    }

    boolean isIpv6() {
        InetSocketAddress address = localAddress();
        return address == null ? !v4 : address.getAddress() instanceof Inet6Address;
    }

    /** TCP_NODELAY has been set, or isn't wanted. */
    void delayIsDecided() {
        withoutDelay = true;
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop instanceof IoEventLoop io && io.isCompatible(TcpUnsafe.class);
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new TcpUnsafe();
    }

    @Override
    protected void doRegister(ChannelPromise promise) {
        Future<IoRegistration> registering = ((IoEventLoop) eventLoop()).register((TcpUnsafe) unsafe());
        if (registering.isDone()) { // as always on the event loop
            registered(registering, promise);
        } else {
            registering.addListener((Future<IoRegistration> done) -> registered(done, promise));
        }
    }

    private void registered(Future<IoRegistration> done, ChannelPromise promise) {
        if (!done.isSuccess()) {
            promise.setFailure(done.cause());
            return;
        }
        IoRegistration registered = done.getNow();
        registration = registered;
        try {
            if (active) {
                registered.submit(watched);
                youth.begin();
            }
        } catch (RuntimeException e) { // for example ENOMEM
            registered.cancel();
            promise.setFailure(e.getCause() == null ? e : e.getCause());
            return;
        }
        promise.setSuccess();
    }

    @Override
    protected void doDeregister() {
        youth.leave();
        IoRegistration registered = registration;
        if (registered != null) {
            registered.cancel();
        }
    }

    private void watch(EpollIoOps ops) {
        watched = ops;
        IoRegistration registered = registration;
        if (registered != null) {
            registered.submit(ops);
        }
    }

    @Override
    protected void doBind(SocketAddress address) throws IOException {
        InetSocketAddress inet = resolved(address);
        TcpCalls.bind(fd, inet, v4);
        local = inet.getPort() == 0 ? TcpCalls.localAddress(fd) : inet;
    }

    /** The kernel chooses the rest of an address when it connects. */
    private static boolean isKnown(@Nullable InetSocketAddress bound) {
        return bound != null && bound.getPort() != 0 && !bound.getAddress().isAnyLocalAddress();
    }

    private static InetSocketAddress resolved(SocketAddress address) {
        InetSocketAddress inet = (InetSocketAddress) address;
        if (inet.isUnresolved()) {
            throw new UnresolvedAddressException();
        }
        return inet;
    }

    @Override
    protected void doDisconnect() throws IOException {
        doClose();
    }

    /** Closes the socket before it is deregistered, so that the kernel takes it out of epoll. */
    @Override
    protected void doClose() throws IOException {
        active = false;
        inputShut = true;
        ChannelPromise promise = connecting;
        if (promise != null) {
            connecting = null;
            promise.tryFailure(new ClosedChannelException()); // it may just be cancelled
        }
        if (connectTimer != null) {
            connectTimer.cancel(false);
            connectTimer = null;
        }
        try {
            synchronized (fd) {
                fd.close();
            }
        } finally {
            if (isRegistered()) {
                if (eventLoop().inEventLoop()) {
                    left();
                } else {
                    eventLoop().execute(this::left); // closed elsewhere because of SO_LINGER
                }
            }
        }
    }

    private void left() {
        youth.end();
        doDeregister();
    }

    // --- input

    @Override
    protected void doBeginRead() {
        readPending = true;
        if (readable && !reading) {
            again();
        }
    }

    private boolean wantsInput() {
        return (readPending || config.isAutoRead()) && !inputShut;
    }

    /** There may be more to read, in a later turn. */
    private void again() {
        if (!inputShut) {
            watch(watched);
        }
    }

    void autoReadCleared() {
        if (isRegistered()) {
            if (eventLoop().inEventLoop()) {
                readPending = false;
            } else {
                eventLoop().execute(() -> readPending &= config.isAutoRead());
            }
        }
    }

    private void readAll() {
        reading = true;
        try {
            while (readOnce() && atEnd && readable && wantsInput() && isOpen()) {
                // what the kernel has received is followed by the end, and nothing else tells of it
            }
        } finally {
            reading = false;
        }
        if (readable && wantsInput() && isOpen()) {
            again();
        }
    }

    /** Reads as much as the pipeline takes at once. Returns false if that failed. */
    private boolean readOnce() {
        ChannelPipeline pipeline = pipeline();
        ByteBufAllocator allocator = config.getAllocator();
        ExtendedHandle handle = (ExtendedHandle) unsafe().recvBufAllocHandle();
        handle.reset(config);
        ByteBuf buffer = null;
        boolean ended = false;
        try {
            do {
                buffer = handle.allocate(allocator);
                int room = buffer.writableBytes();
                handle.attemptedBytesRead(room);
                int bytes = read(buffer, room);
                handle.lastBytesRead(bytes);
                if (bytes <= 0) {
                    buffer.release();
                    buffer = null;
                    ended = bytes < 0;
                    readable = false;
                    break;
                }
                if (bytes < room && !atEnd && !urgent) {
                    readable = false; // epoll will tell of more
                }
                handle.incMessagesRead(1);
                readPending = false;
                ByteBuf data = buffer;
                buffer = null;
                pipeline.fireChannelRead(data);
            } while (readable && isOpen() && !inputShut && handle.continueReading());
            handle.readComplete();
            pipeline.fireChannelReadComplete();
            if (ended) {
                endInput();
            }
            return true;
        } catch (Throwable t) {
            failed(pipeline, handle, buffer, t);
            return false;
        }
    }

    private void failed(ChannelPipeline pipeline, ExtendedHandle handle, @Nullable ByteBuf buffer, Throwable cause) {
        if (buffer != null) {
            buffer.release();
        }
        handle.readComplete();
        pipeline.fireChannelReadComplete();
        pipeline.fireExceptionCaught(cause);
        if (cause instanceof IOException || cause instanceof OutOfMemoryError) {
            endInput();
        }
    }

    private int read(ByteBuf buffer, int room) throws IOException {
        int at = buffer.writerIndex();
        int bytes;
        if (buffer.hasMemoryAddress()) {
            bytes = fd.readAddress(buffer.memoryAddress(), at, at + room);
        } else {
            ByteBuffer nio = buffer.internalNioBuffer(at, room);
            bytes = fd.read(nio, nio.position(), nio.limit());
        }
        if (bytes > 0) {
            buffer.writerIndex(at + bytes);
        }
        return bytes;
    }

    private void endInput() {
        readable = false;
        readPending = false;
        if (!isOpen()) {
            return;
        }
        if (!inputShut) {
            if (!config.isAllowHalfClosure()) {
                unsafe().close(unsafe().voidPromise());
                return;
            }
            inputShut = true;
            pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
        if (!endReported) {
            endReported = true;
            pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        }
    }

    // --- output

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (!(message instanceof ByteBuf data)) {
            throw new UnsupportedOperationException("a TCP connection carries bytes, not " + StringUtil.simpleClassName(message));
        }
        if (!UnixChannelUtil.isBufferCopyNeededForWrite(data)) {
            return data;
        }
        ByteBuf direct = alloc().directBuffer(data.readableBytes());
        direct.writeBytes(data, data.readerIndex(), data.readableBytes());
        ReferenceCountUtil.release(data);
        return direct;
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer buffers) throws Exception {
        if (outputShut) {
            Throwable cause = new ChannelOutputShutdownException("Channel output shutdown");
            while (buffers.remove(cause)) {
                // each of them has failed; the input goes on
            }
            return;
        }
        for (int left = config.getWriteSpinCount(); left > 0; left--) {
            int waiting = buffers.size();
            if (waiting == 0) {
                return;
            }
            setOptions();
            if (!(waiting == 1 ? writeOne(buffers) : writeAll(buffers))) {
                outputBlocked = true;
                if (!INPUT_AND_OUTPUT.equals(watched)) {
                    watch(INPUT_AND_OUTPUT); // also tells if it has become writable just now
                }
                return;
            }
        }
        eventLoop().execute(((TcpUnsafe) unsafe())::flush0);
    }

    private void setOptions() throws IOException {
        if (written && !withoutDelay) {
            config.setTcpNoDelay(true);
        }
        written = true;
    }

    private boolean writeOne(ChannelOutboundBuffer buffers) throws Exception {
        ByteBuf data = (ByteBuf) buffers.current();
        int bytes = data.readableBytes();
        if (bytes == 0) {
            buffers.remove();
            return true;
        }
        if (!data.hasMemoryAddress() && data.nioBufferCount() > 1) {
            return writeAll(buffers);
        }
        youth.writes(bytes);
        int accepted;
        if (data.hasMemoryAddress()) {
            accepted = fd.writeAddress(data.memoryAddress(), data.readerIndex(), data.writerIndex());
        } else {
            ByteBuffer nio = data.internalNioBuffer(data.readerIndex(), bytes);
            accepted = fd.write(nio, nio.position(), nio.limit());
        }
        return accepted(buffers, accepted);
    }

    private boolean writeAll(ChannelOutboundBuffer buffers) throws Exception {
        IovArray vector = IoVectors.empty();
        buffers.forEachFlushedMessage(vector);
        if (vector.count() == 0) { // only empty buffers
            buffers.removeBytes(0);
            return true;
        }
        youth.writes(vector.size());
        return accepted(buffers, fd.writevAddresses(vector.memoryAddress(0), vector.count()));
    }

    private static boolean accepted(ChannelOutboundBuffer buffers, long bytes) {
        if (bytes <= 0) {
            return false;
        }
        buffers.removeBytes(bytes);
        return true;
    }

    @Override
    protected void doShutdownOutput() throws IOException {
        requireOpen();
        if (!outputShut) {
            outputShut = true;
            TcpCalls.shutdownOutput(fd);
        }
    }

    @Override
    public boolean isInputShutdown() {
        return inputShut;
    }

    @Override
    public boolean isOutputShutdown() {
        return outputShut || !isOpen();
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
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

    private void endOutput(ChannelPromise promise) {
        ChannelOutboundBuffer buffers = unsafe().outboundBuffer();
        if (buffers == null || !buffers.isEmpty() || buffers.totalPendingWriteBytes() > 0) {
            ((TcpUnsafe) unsafe()).shutdownOutput(promise);
        } else if (promise.setUncancellable()) {
            try {
                doShutdownOutput();
                promise.setSuccess();
            } catch (IOException | RuntimeException e) {
                promise.setFailure(e);
            }
            pipeline().fireUserEventTriggered(ChannelOutputShutdownEvent.INSTANCE);
        }
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    /** Nothing is read any more. */
    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        return onLoop(promise, () -> {
            inputShut = true;
            promise.setSuccess();
        });
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        return onLoop(promise, () -> {
            inputShut = true;
            ChannelFuture unused = shutdownOutput(promise);
        });
    }

    private ChannelFuture onLoop(ChannelPromise promise, Runnable action) {
        if (eventLoop().inEventLoop()) {
            action.run();
        } else {
            eventLoop().execute(action);
        }
        return promise;
    }

    /** What epoll and the pipeline call, on the event loop. */
    private final class TcpUnsafe extends AbstractUnsafe implements EdgeTriggered {
        @Override
        public FileDescriptor fd() {
            return fd;
        }

        @Override
        public long namespaceCookie() {
            return namespaceCookie;
        }

        @Override
        public void close() {
            close(voidPromise());
        }

        @Override
        public void handle(IoRegistration with, IoEvent event) {
            int events = ((EpollIoEvent) event).ops().value();
            boolean failed = (events & ERROR) != 0;
            if (connecting != null) {
                if ((events & (OUT | ERROR | HANG_UP)) == 0) {
                    return;
                }
                finishConnect(events, connecting);
                failed = false; // it has been asked for
            }
            if (!active) {
                return;
            }
            if (outputBlocked && (events & (OUT | ERROR | HANG_UP)) != 0) {
                outputBlocked = false;
                flush0();
            }
            if ((events & (IN | URGENT | ERROR | HANG_UP | INPUT_ENDED)) != 0) {
                readable = true;
                urgent |= (events & URGENT) != 0;
                atEnd |= (events & (ERROR | HANG_UP | INPUT_ENDED)) != 0;
            }
            // an error is noticed by reading, whether or not somebody wants to read
            if (isOpen() && !inputShut && readable && !reading && (failed || wantsInput())) {
                readAll();
            }
        }

        @Override
        protected void flush0() {
            if (!outputBlocked) {
                super.flush0();
            }
        }

        @Override
        protected @Nullable Executor prepareToClose() {
            if (isOpen() && isRegistered() && config.getSoLinger() > 0) {
                doDeregister(); // closing takes a while
                return GlobalEventExecutor.INSTANCE;
            }
            return null;
        }

        @Override
        public void connect(SocketAddress to, @Nullable SocketAddress from, ChannelPromise promise) {
            if (promise.isDone() || !ensureOpen(promise)) {
                return;
            }
            try {
                if (connecting != null) {
                    throw new ConnectionPendingException();
                }
                if (active) {
                    throw new AlreadyConnectedException();
                }
                InetSocketAddress peer = resolved(to);
                if (from != null) {
                    doBind(from);
                }
                connect(peer, promise);
            } catch (Throwable e) {
                closeIfClosed();
                promise.tryFailure(annotateConnectException(e, to));
            }
        }

        private void connect(InetSocketAddress peer, ChannelPromise promise) throws IOException {
            boolean done = false;
            boolean begun = false;
            try {
                done = TcpCalls.connect(fd, peer, v4);
                if (!isKnown(local)) {
                    local = TcpCalls.localAddress(fd);
                }
                requested = peer;
                watch(INPUT_AND_OUTPUT);
                begun = true;
            } finally {
                if (!begun) {
                    doClose();
                }
            }
            if (done) {
                connected(promise);
                return;
            }
            connecting = promise;
            int millis = config.getConnectTimeoutMillis();
            if (millis > 0) {
                connectTimer = eventLoop().schedule(() -> timedOut(peer, millis), millis, TimeUnit.MILLISECONDS);
            }
            promise.addListener(result -> {
                if (result.isCancelled()) {
                    connecting = null;
                    close(voidPromise());
                }
            });
        }

        private void timedOut(InetSocketAddress peer, int millis) {
            ChannelPromise promise = connecting;
            if (promise != null
                    && promise.tryFailure(new ConnectTimeoutException("connection timed out after " + millis + " ms: " + peer))) {
                close(voidPromise());
            }
        }

        private void finishConnect(int events, ChannelPromise promise) {
            connecting = null;
            if (connectTimer != null) {
                connectTimer.cancel(false);
                connectTimer = null;
            }
            try {
                if ((events & (ERROR | HANG_UP)) != 0) {
                    TcpCalls.checkConnected(fd);
                }
            } catch (IOException e) {
                promise.tryFailure(requested == null ? e : annotateConnectException(e, requested));
                closeIfClosed();
                return;
            }
            connected(promise);
        }

        private void connected(ChannelPromise promise) {
            remote = requested;
            active = true;
            youth.begin();
            boolean wanted = promise.trySuccess();
            pipeline().fireChannelActive();
            if (!wanted) { // cancelled
                close(voidPromise());
            }
        }
    }
}

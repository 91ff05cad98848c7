package io.inpod.tproxy.relay;

import io.inpod.netns.socket.NamespaceCookies;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;

/**
 * Netty's epoll handler for event loops that relay, with which half-closed sockets survive:
 * {@code new MultiThreadIoEventLoopGroup(threads, RelayIoHandler.newFactory())}.
 *
 * <p>Netty (observed with 4.2.18) removes a socket from the epoll set when it needs no event: when the peer has ended its output while
 * reading is paused or has ended. When it needs events again, to read the rest or to finish a write, it modifies an entry that no longer
 * exists; the kernel returns ENOENT, and the connection and its data are lost. With this handler such a socket stays in the set.
 *
 * <p>Netty also reads whatever the kernel has received, up to several MiB, as soon as a peer has ended or reset the connection, whether or
 * not anybody has asked for it. With this handler, the end of input is noticed by reading: only sockets that are read are watched for
 * EPOLLRDHUP, and it causes a second read after the first one, if that has been asked for. While a socket isn't read it is edge-triggered,
 * so that an error causes one read and not one after the other.
 *
 * <p>An event loop with this handler serves the sockets of different network namespaces in turn, a fifth of a millisecond each: many busy
 * connections of one pod delay those of another by that much, and not by the time that all of them take. (If thousands are ready at once,
 * asking the kernel for them takes longer than that, and delays all.) The kernel tells the namespaces apart since Linux 5.14; with an older
 * one, sockets are served in the order in which they are ready.
 */
public final class RelayIoHandler implements IoHandler {
    private final IoHandler epoll;
    private final NamespaceTurns turns = new NamespaceTurns();
    private final NamespaceCookies cookies = new NamespaceCookies();
    /** Made at once: its class couldn't be loaded any more when the process has no file descriptors left. */
    private final BusyContext busyContext = new BusyContext();

    private RelayIoHandler(IoHandler epoll) {
        this.epoll = epoll;
    }

    /** {@return a factory for {@link io.netty.channel.MultiThreadIoEventLoopGroup}} */
    public static IoHandlerFactory newFactory() {
        IoHandlerFactory epoll = EpollIoHandler.newFactory();
        return executor -> new RelayIoHandler(epoll.newHandler(executor));
    }

    @Override
    public void initialize() {
        epoll.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        boolean busy = !turns.isEmpty();
        long begun = System.nanoTime();
        int handled = epoll.run(busy ? busyContext.of(context) : context); // the channels only queue
        turns.serve(busy ? System.nanoTime() - begun : 0);
        return handled;
    }

    @Override
    public void prepareToDestroy() {
        epoll.prepareToDestroy();
    }

    @Override
    public void destroy() {
        epoll.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        EpollIoHandle channel = (EpollIoHandle) handle;
        RelayIoHandle relayed = RelayIoHandle.of(channel, turns, cookies);
        try {
            return new RelayIoRegistration(epoll.register(relayed), relayed);
        } catch (Exception e) { // for example ENOMEM, or too many watches of the user
            relayed.abandon();
            throw e;
        }
    }

    @Override
    public void wakeup() {
        epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return epoll.isCompatible(handleType);
    }

    /** Channels wait for their turn: epoll must not. */
    @SuppressWarnings("NullAway.Init") // has a context while the handler runs
    private static final class BusyContext implements IoHandlerContext {
        private IoHandlerContext context;

        BusyContext of(IoHandlerContext wrapped) {
            context = wrapped;
            return this;
        }

        @Override
        public boolean canBlock() {
            return false;
        }

        @Override
        public long delayNanos(long now) {
            return context.delayNanos(now);
        }

        @Override
        public long deadlineNanos() {
            return context.deadlineNanos();
        }

        @Override
        public void reportActiveIoTime(long nanos) {
            context.reportActiveIoTime(nanos);
        }

        @Override
        public boolean shouldReportActiveIoTime() {
            return context.shouldReportActiveIoTime();
        }
    }
}

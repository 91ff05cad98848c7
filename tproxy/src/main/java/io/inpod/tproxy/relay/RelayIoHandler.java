package io.inpod.tproxy.relay;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;

/**
 * Epoll for event loops that relay: {@code new MultiThreadIoEventLoopGroup(threads, RelayIoHandler.newFactory())}. It is Netty's
 * own, except that a half-closed socket survives on it.
 *
 * <p>Netty (seen in 4.2.18) takes a socket out of the epoll set when it is interested in nothing, which is so when the peer has
 * ended its input while reading is paused or over. When it becomes interested again, to read the rest or because a write could not
 * be finished, it modifies an entry that no longer exists; the kernel says ENOENT, and the connection and its data are lost. Here
 * such a socket stays in the set, edge-triggered for errors only, so that it doesn't wake the loop again and again either.
 */
public final class RelayIoHandler implements IoHandler {
    private final IoHandler epoll;

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
        return epoll.run(context);
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
        return new Registration(epoll.register(handle));
    }

    @Override
    public void wakeup() {
        epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return epoll.isCompatible(handleType);
    }

    private static final class Registration implements IoRegistration {
        private final IoRegistration registration;
        private volatile boolean added;

        Registration(IoRegistration registration) {
            this.registration = registration;
        }

        @Override
        @SuppressWarnings("TypeParameterUnusedInFormals") // Netty's method
        public <T> T attachment() {
            return registration.attachment();
        }

        @Override
        public long submit(IoOps ops) {
            boolean nothing = ops.equals(EpollIoOps.NONE);
            added |= !nothing;
            return registration.submit(nothing && added ? EpollIoOps.EPOLLET : ops);
        }

        @Override
        public boolean isValid() {
            return registration.isValid();
        }

        @Override
        public boolean cancel() {
            return registration.cancel();
        }
    }
}

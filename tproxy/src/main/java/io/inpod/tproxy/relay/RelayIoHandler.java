package io.inpod.tproxy.relay;

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
        RelayIoHandle relayed = new RelayIoHandle((EpollIoHandle) handle);
        return new RelayIoRegistration(epoll.register(relayed), relayed);
    }

    @Override
    public void wakeup() {
        epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return epoll.isCompatible(handleType);
    }
}

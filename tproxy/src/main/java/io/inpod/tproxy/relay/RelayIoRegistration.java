package io.inpod.tproxy.relay;

import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoOps;

/** A socket in the epoll set of a {@link RelayIoHandler}, in which it stays until it is closed. */
final class RelayIoRegistration implements IoRegistration {
    private static final EpollIoOps ERRORS_ONCE = EpollIoOps.EPOLLET;
    private static final EpollIoOps WRITABLE_ONCE = EpollIoOps.valueOf(EpollIoOps.EPOLLOUT.value() | EpollIoOps.EPOLLET.value());

    private final IoRegistration registration;
    private final RelayIoHandle handle;
    private volatile boolean added;
    /** What was asked of the kernel last; most often on the event loop. */
    private volatile EpollIoOps watched = EpollIoOps.NONE;

    RelayIoRegistration(IoRegistration registration, RelayIoHandle handle) {
        this.registration = registration;
        this.handle = handle;
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // Netty's method
    public <T> T attachment() {
        return registration.attachment();
    }

    @Override
    public long submit(IoOps ops) {
        EpollIoOps wanted = (EpollIoOps) ops;
        if (handle.isEdgeTriggered()) {
            if (wanted.equals(watched)) {
                handle.again();
                return wanted.value();
            }
            return watch(wanted);
        }
        boolean reads = wanted.contains(EpollIoOps.EPOLLIN);
        handle.reads(reads);
        added |= !wanted.equals(EpollIoOps.NONE);
        if (!added || reads) {
            return watch(wanted);
        }
        return watch(wanted.contains(EpollIoOps.EPOLLOUT) ? WRITABLE_ONCE : ERRORS_ONCE);
    }

    /** Netty submits again what differs only in events that the kernel isn't asked for, such as those of a socket that isn't read. */
    private long watch(EpollIoOps ops) {
        if (ops.equals(watched)) {
            return ops.value();
        }
        long submitted = registration.submit(ops);
        watched = ops; // not if it fails
        return submitted;
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

package io.inpod.tproxy.listen;

import io.netty.channel.Channel;
import io.netty.channel.unix.Errors.NativeIoException;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Handles failures to accept: continues after a failure that concerned one connection, see accept(2), and pauses, longer each time, if the
 * next attempt would fail too. On the accepting event loop only.
 */
final class AcceptBackoff {
    /** EINTR, EPROTO, ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, ENETUNREACH, ECONNABORTED, EHOSTDOWN, EHOSTUNREACH, ENONET, EPERM. */
    private static final Set<Integer> OF_ONE_CONNECTION = Set.of(4, 71, 92, 95, 100, 101, 103, 112, 113, 64, 1);
    private static final long FIRST_MILLIS = 10;
    private static final long MAX_MILLIS = 1000;

    private final AcceptHandler handler;
    private boolean paused;
    private long millis = FIRST_MILLIS;

    AcceptBackoff(AcceptHandler handler) {
        this.handler = handler;
    }

    void failed(Channel listener, Throwable cause) {
        if (cause instanceof NativeIoException error && OF_ONE_CONNECTION.contains(-error.expectedErr())) {
            return;
        }
        if (!listener.config().isAutoRead() || !listener.isOpen()) {
            return;
        }
        listener.config().setAutoRead(false);
        listener.eventLoop().schedule(() -> listener.config().setAutoRead(true), millis, TimeUnit.MILLISECONDS).addListener(resumed -> {
            if (!resumed.isSuccess() && !resumed.isCancelled()) { // the event loop cancels it when it ends
                listener.pipeline().fireExceptionCaught(resumed.cause());
            }
        });
        millis = Math.min(2 * millis, MAX_MILLIS);
        if (!paused) {
            paused = true;
            handler.paused(cause);
        }
    }

    void accepted() {
        if (paused) {
            paused = false;
            millis = FIRST_MILLIS;
            handler.resumed();
        }
    }
}

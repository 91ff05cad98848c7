package io.inpod.examples.ztunnel.proxy;

import io.inpod.hbone.TunnelRefusedException;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.socksx.v5.Socks5CommandStatus;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** How SOCKS5 names the failures to connect, RFC 1928 section 6. */
final class Socks5Reply {
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final String ECONNREFUSED = "error(-111)"; // Netty reports the number only in the message

    private Socks5Reply() {}

    static Socks5CommandStatus of(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            Socks5CommandStatus status = named(t);
            if (status != null) {
                return status;
            }
        }
        return Socks5CommandStatus.FAILURE;
    }

    private static @Nullable Socks5CommandStatus named(Throwable failure) {
        if (failure instanceof ForbiddenException || failure instanceof TunnelRefusedException refused
                && (refused.status() == UNAUTHORIZED || refused.status() == FORBIDDEN)) {
            return Socks5CommandStatus.FORBIDDEN;
        }
        if (failure instanceof ConnectTimeoutException || failure instanceof SocketTimeoutException
                || failure instanceof UnknownHostException || failure instanceof UnroutableException
                || failure instanceof NoRouteToHostException) { // EHOSTUNREACH and ENETUNREACH, which Netty doesn't distinguish
            return Socks5CommandStatus.HOST_UNREACHABLE;
        }
        boolean refused = failure instanceof ConnectException && String.valueOf(failure.getMessage()).contains(ECONNREFUSED);
        return refused ? Socks5CommandStatus.CONNECTION_REFUSED : null;
    }
}

package io.inpod.examples.ztunnel.health;

import io.inpod.hbone.TunnelRefusedException;
import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts the outbound connections of pods that were not connected, by reason. Thread-safe. */
public final class OutboundFailures {
    private final Map<Reason, LongAdder> counts = new EnumMap<>(Reason.class);

    /** Why a connection wasn't connected. */
    public enum Reason {
        /** The mesh doesn't permit it. */
        FORBIDDEN,
        /** The mesh has no way for it. */
        UNROUTABLE,
        /** A peer, waypoint or gateway answered with another status than 200. */
        ANSWERED,
        /** A peer didn't accept the connection, or answer the request, in time. */
        TIMEOUT,
        /** A peer can't be connected to. */
        UNREACHABLE,
        /** Anything else, such as a handshake that failed or wasn't finished in time. */
        OTHER;

        /**
         * Returns the reason behind an exception, which isn't one of the first two.
         *
         * @param failure the exception
         * @return the reason
         */
        public static Reason of(Throwable failure) {
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                if (cause instanceof TunnelRefusedException) {
                    return ANSWERED;
                }
                if (cause instanceof SocketTimeoutException || cause instanceof ConnectTimeoutException) {
                    return TIMEOUT;
                }
                if (cause instanceof ConnectException) {
                    return UNREACHABLE;
                }
            }
            return OTHER;
        }
    }

    /** Creates counters at zero. */
    public OutboundFailures() {
        for (Reason reason : Reason.values()) {
            counts.put(reason, new LongAdder());
        }
    }

    /**
     * Counts a connection.
     *
     * @param reason why it wasn't connected
     */
    public void add(Reason reason) {
        counter(reason).increment();
    }

    /**
     * Returns how many there were since the start.
     *
     * @param reason why they weren't connected
     * @return their number
     */
    public long count(Reason reason) {
        return counter(reason).sum();
    }

    private LongAdder counter(Reason reason) {
        LongAdder counter = counts.get(reason);
        if (counter == null) {
            throw new IllegalStateException("not counted: " + reason);
        }
        return counter;
    }
}

package io.inpod.examples.ztunnel.trace;

import io.inpod.hbone.TraceParent;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Traces of connections. Never blocks, except {@link #close}. Any thread. */
public interface Traces {
    /** Exports nothing: each connection is a trace of its own, which isn't sampled. */
    Traces NONE = new Traces() {};

    /**
     * Begins the span of a connection.
     *
     * @param inbound whether it leads to a pod on this node
     * @param parent what the request says of the client's span; null without a request, or if it says nothing
     * @return the span, to be ended
     */
    default ConnectionTrace begin(boolean inbound, @Nullable TraceParent parent) {
        return ConnectionTrace.NONE;
    }

    /**
     * {@return whether a header of requests is read}
     *
     * @param header its name in lower case
     */
    default boolean reads(String header) {
        return false;
    }

    /** {@return how many spans have been exported} */
    default long exported() {
        return 0;
    }

    /** {@return how many spans were lost, because too many were waiting, or the receiver didn't take them} */
    default long lost() {
        return 0;
    }

    /**
     * Exports what is waiting.
     *
     * @param patience how long that may take
     */
    default void close(Duration patience) {}
}

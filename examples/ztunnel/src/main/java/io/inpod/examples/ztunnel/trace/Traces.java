package io.inpod.examples.ztunnel.trace;

import io.inpod.hbone.Header;
import io.inpod.hbone.TraceParent;
import java.time.Duration;
import java.util.List;
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
     * {@return what must be kept of the headers of a request in a tunnel: little, since that lasts as long as the tunnel}
     *
     * @param headers the headers
     */
    default List<Header> kept(List<Header> headers) {
        return List.of();
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

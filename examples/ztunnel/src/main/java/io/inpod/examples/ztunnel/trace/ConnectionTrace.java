package io.inpod.examples.ztunnel.trace;

import io.inpod.hbone.Header;
import io.inpod.hbone.TraceParent;
import java.util.function.Supplier;

/** The span of one connection. */
public interface ConnectionTrace {
    /** No span. */
    ConnectionTrace NONE = new ConnectionTrace() {};

    /** {@return what a request for the connection says of this span; without one, a trace of its own} */
    default Header parent() {
        return TraceParent.randomHeader();
    }

    /**
     * Ends the span.
     *
     * @param connection what it says; asked for only if it is exported
     */
    default void end(Supplier<TracedConnection> connection) {}
}

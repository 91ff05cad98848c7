package io.inpod.tproxy.relay;

import java.util.concurrent.CancellationException;

/** The end of a relay that was aborted; without a stack trace, since thousands may be aborted at once. */
final class RelayAbortedException extends CancellationException {
    private static final long serialVersionUID = 1;

    RelayAbortedException() {
        super("the relay was aborted");
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}

package io.inpod.tproxy.listen;

import java.io.IOException;

/**
 * A listener that is about to listen, see {@link AcceptLoop#begin}. Whoever opens several begins with all before it waits for the first: an
 * event loop then wakes up for them once. May be used from any thread that is no event loop's.
 */
public final class BegunListener {
    /** How it ends. */
    @FunctionalInterface
    interface End {
        AcceptLoop await() throws IOException;
    }

    private final End end;

    BegunListener(End end) {
        this.end = end;
    }

    /**
     * Blocks until it listens, or until it is known why it can't.
     *
     * @return the listener, to be closed by the caller
     * @throws IOException as for {@link AcceptLoop#listen}
     */
    public AcceptLoop await() throws IOException {
        return end.await();
    }
}

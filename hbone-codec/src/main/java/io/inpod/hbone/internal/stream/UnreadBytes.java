package io.inpod.hbone.internal.stream;

import io.inpod.hbone.HboneMemory;
import io.netty.channel.Channel;
import java.util.concurrent.TimeUnit;

/** A connection's part in an {@link HboneMemory.Account}: stops reading the connection while the account is exhausted. Event loop only. */
public final class UnreadBytes {
    /** Changes below this aren't counted, so that a frame that is read at once costs nothing. */
    private static final int STEP = 16 << 10;
    /** A connection that holds less is read even if the account is exhausted; otherwise its own tunnels couldn't go on. */
    private static final int ALWAYS = 64 << 10;
    private static final int RETRY_MILLIS = 50;

    private final Channel connection;
    private final HboneMemory.Account account;
    private final Runnable resumed;
    private long held;
    private long counted;
    private boolean stopped;

    /** Nothing is held yet; {@code resumed} is called when reading continues. */
    public UnreadBytes(Channel connection, HboneMemory.Account account, Runnable resumed) {
        this.connection = connection;
        this.account = account;
        this.resumed = resumed;
    }

    /** Whether the connection isn't read at present. */
    public boolean isStopped() {
        return stopped;
    }

    /** Bytes of DATA frames have arrived. */
    public void arrived(int bytes) {
        held += bytes;
        if (held - counted >= STEP) {
            count();
            if (!stopped && mustStop()) {
                stopped = true;
                connection.config().setAutoRead(false);
                retry();
            }
        }
    }

    /** Bytes were read or dropped, perhaps after the end of the connection. */
    void gone(int bytes) {
        held -= bytes;
        if (counted - held >= STEP || held == 0 && counted != 0) {
            count();
            if (stopped && held < ALWAYS) {
                resume();
            }
        }
    }

    private void count() {
        account.changed(held - counted);
        counted = held;
    }

    private boolean mustStop() {
        return held >= ALWAYS && account.isExhausted();
    }

    private void resume() {
        stopped = false;
        resumed.run();
        connection.config().setAutoRead(true);
    }

    /** Others may have given back what they held. */
    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing
    private void retry() {
        connection.eventLoop().schedule(() -> {
            if (stopped && connection.isOpen()) {
                if (mustStop()) {
                    retry();
                } else {
                    resume();
                }
            }
        }, RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }
}

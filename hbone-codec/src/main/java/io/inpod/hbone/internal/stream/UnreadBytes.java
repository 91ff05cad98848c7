package io.inpod.hbone.internal.stream;

import io.inpod.hbone.HboneMemory;
import io.netty.channel.Channel;
import java.util.concurrent.TimeUnit;

/** A connection's part in an {@link HboneMemory.Account}: stops reading the connection while the account is exhausted. Event loop only. */
public final class UnreadBytes {
    /** Changes below this aren't counted, so that a frame that is read at once costs nothing. */
    private static final int STEP = 16 << 10;
    private static final int RETRY_MILLIS = 50;
    /** After so many retries, a little is read: tunnels may not be read because of a WINDOW_UPDATE that waits in the socket. */
    private static final int RETRIES_UNTIL_READ = 20;

    private final Channel connection;
    private final HboneMemory.Account account;
    private final Runnable resumed;
    private final int step;
    /** A connection that holds less is read even if the account is exhausted; otherwise its own tunnels couldn't go on. */
    private final int least;
    private long held;
    private long counted;
    /** Those of the held bytes that belong to an incomplete frame or header block. */
    private int incomplete;
    private boolean stopped;
    /** While stopped: up to how many held bytes of DATA it is read all the same, from time to time. */
    private long most;
    private int retries;

    /** Nothing is held yet; {@code resumed} is called when reading continues. */
    public UnreadBytes(Channel connection, HboneMemory.Account account, Runnable resumed) {
        this.connection = connection;
        this.account = account;
        this.resumed = resumed;
        this.least = account.least();
        this.step = Math.min(STEP, least / 2);
    }

    /** Whether the connection isn't read at present. */
    public boolean isStopped() {
        return stopped;
    }

    /** The beginning of a frame or header block is kept in so many bytes, until the rest arrives. */
    public void keepsIncomplete(int bytes) {
        int change = bytes - incomplete;
        incomplete = bytes;
        if (change > 0) {
            arrived(change);
        } else if (change < 0) {
            gone(-change);
        }
    }

    /** Bytes of DATA frames have arrived. */
    public void arrived(int bytes) {
        held += bytes;
        if (held - counted >= step) {
            count();
        }
        if (!stopped && mustStop()) {
            stopped = true;
            most = held - incomplete + least;
            retries = 0;
            connection.config().setAutoRead(false);
            retry();
        }
    }

    /** Bytes were read or dropped, perhaps after the end of the connection. */
    void gone(int bytes) {
        held -= bytes;
        if (counted - held >= step || held == 0 && counted != 0) {
            count();
            if (stopped && held < least) {
                resume();
            }
        }
    }

    private void count() {
        account.changed(held - counted);
        counted = held;
    }

    private boolean mustStop() {
        return held >= least && account.isExhausted();
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
                    if (++retries % RETRIES_UNTIL_READ == 0 && held - incomplete < most) {
                        connection.read();
                    }
                    retry();
                } else {
                    resume();
                }
            }
        }, RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }
}

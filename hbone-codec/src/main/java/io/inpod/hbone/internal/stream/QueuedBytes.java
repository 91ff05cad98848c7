package io.inpod.hbone.internal.stream;

import io.inpod.hbone.HboneMemory;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import java.util.concurrent.TimeUnit;

/**
 * What a connection has written and its socket hasn't taken, as a part of an {@link HboneMemory.Account}: holds its tunnels back while the
 * account is exhausted and the connection has {@link HboneMemory.Account#least()} bytes in its queue. Event loop only.
 */
public final class QueuedBytes {
    private static final int STEP = 16 << 10;
    private static final int CHECK_MILLIS = 50;

    private final Channel connection;
    private final HboneMemory.Account account;
    private final Runnable mayContinue;
    private final int step;
    private final int least;
    private long counted;
    private boolean scheduled;
    private boolean holdsBack;

    /** Nothing is queued yet; {@code mayContinue} is called when tunnels that were held back may try again. */
    public QueuedBytes(Channel connection, HboneMemory.Account account, Runnable mayContinue) {
        this.connection = connection;
        this.account = account;
        this.mayContinue = mayContinue;
        this.least = account.least();
        this.step = Math.min(STEP, least / 2);
    }

    /** How many of so many bytes may be written now. If none, the tunnels may try again later. */
    int allowance(int wanted) {
        long pending = pending();
        count(pending); // tunnels write several times before the next flush
        if (pending + wanted <= least || !account.isExhausted()) {
            return wanted;
        }
        if (pending < least) {
            return Math.min(wanted, least);
        }
        holdsBack = true;
        check();
        return 0;
    }

    /** The connection was flushed or has ended, so what is queued now waits for the peer, or is dropped. */
    public void flushed() {
        count(pending());
        if (counted != 0) {
            check();
        }
    }

    private long pending() {
        ChannelOutboundBuffer pending = connection.unsafe().outboundBuffer();
        return pending == null ? 0 : pending.totalPendingWriteBytes();
    }

    private void count(long pending) {
        if (Math.abs(pending - counted) >= step || pending == 0 && counted != 0) {
            account.changed(pending - counted);
            counted = pending;
        }
    }

    /** The socket takes bytes without a notice. */
    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing
    private void check() {
        if (!scheduled) {
            scheduled = true;
            connection.eventLoop().schedule(() -> {
                scheduled = false;
                flushed();
                if (holdsBack) {
                    holdsBack = false;
                    mayContinue.run();
                }
            }, CHECK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }
}

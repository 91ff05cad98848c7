package io.inpod.examples.ztunnel.istiod;

import io.netty.channel.Channel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * When a connection is read. What comes during a pause waits in the kernel, and is read at once after it: many small messages then cost
 * little more than one. Thread-safe.
 */
public final class Reading {
    private volatile @Nullable Channel connection;

    /** Creates one without a connection. */
    public Reading() {}

    void of(Channel made) {
        connection = made;
    }

    /**
     * Reads nothing for a while; the end of the connection is noticed after it, too. Does nothing during a pause, or without a connection.
     *
     * @param time for how long
     */
    public void pause(Duration time) {
        Channel paused = connection;
        if (paused != null && paused.isActive()) {
            paused.eventLoop().execute(() -> {
                if (paused.config().isAutoRead()) {
                    paused.config().setAutoRead(false);
                    var unused = paused.eventLoop().schedule(() -> paused.config().setAutoRead(true), time.toNanos(), TimeUnit.NANOSECONDS);
                }
            });
        }
    }
}

package io.inpod.examples.ztunnel.health;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The few connections of a port of the proxy's own: of more, the oldest is closed, so that nobody keeps others from asking. Few are
 * accepted per second, because anyone who reaches the port could otherwise take the event loop's time. On one event loop alone.
 */
public final class FewConnections {
    /** How many may be open. */
    public static final int MOST = 64;
    /** After so many it pauses, and so accepts at most 200 per second. */
    static final int MOST_WITHOUT_PAUSE = 20;
    static final int PAUSE_MILLIS = 100;

    private final Deque<Channel> open = new ArrayDeque<>();
    private final Set<Channel> kept = new HashSet<>();
    private final int mostKept;
    private int sincePause;

    /**
     * Creates a port without connections.
     *
     * @param mostKept how many may be {@linkplain #keep kept}, less than {@link #MOST}
     */
    public FewConnections(int mostKept) {
        this.mostKept = mostKept;
    }

    /**
     * Adds a connection that was accepted.
     *
     * @param connection the connection, whose parent is the listener
     */
    @SuppressWarnings("FutureReturnValueIgnored") // it throws nothing
    public void add(Channel connection) {
        if (++sincePause == MOST_WITHOUT_PAUSE) {
            Channel port = connection.parent();
            port.config().setAutoRead(false);
            port.eventLoop().schedule(() -> {
                sincePause = 0;
                port.config().setAutoRead(true);
            }, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
        if (open.size() >= MOST) {
            open.remove().close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
        open.add(connection);
        connection.closeFuture().addListener(closed -> {
            open.remove(connection);
            kept.remove(connection);
        });
    }

    /**
     * Keeps a connection open for as long as its client wants, whoever else comes.
     *
     * @param connection one that was added
     * @return false if as many are kept as may be
     */
    public boolean keep(Channel connection) {
        if (kept.size() >= mostKept || !open.remove(connection)) {
            return false;
        }
        kept.add(connection);
        return true;
    }

    /** Closes all. */
    public void close() {
        Deque<Channel> all = new ArrayDeque<>(open);
        all.addAll(kept);
        all.forEach(connection -> connection.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE));
    }
}

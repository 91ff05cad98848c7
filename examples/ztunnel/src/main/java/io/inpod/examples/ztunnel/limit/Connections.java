package io.inpod.examples.ztunnel.limit;

import io.inpod.tproxy.Resets;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The open connections of a pod. Thread-safe. */
public final class Connections {
    private final Set<Channel> open = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ChannelFutureListener whenClosed = connection -> closed(connection.channel()); // one for all
    private volatile boolean ended;

    /**
     * Adds a connection until it is closed; after {@link #end()}, resets it instead.
     *
     * @param channel the connection
     */
    public void add(Channel channel) {
        open.add(channel);
        if (ended) {
            Resets.reset(channel); // accepted or connected while the pod was being removed
        }
        channel.closeFuture().addListener(whenClosed);
    }

    private void closed(Channel channel) {
        open.remove(channel);
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** {@return those that are open now} */
    public Set<Channel> all() {
        return Set.copyOf(open);
    }

    /**
     * Waits until no connection is open.
     *
     * @param deadlineNanos of {@link System#nanoTime}
     * @return false if the deadline passes first
     */
    public boolean awaitNone(long deadlineNanos) throws InterruptedException {
        lock.lock();
        try {
            while (!open.isEmpty()) {
                long left = deadlineNanos - System.nanoTime();
                if (left <= 0 || changed.awaitNanos(left) <= 0 && !open.isEmpty()) {
                    return false;
                }
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Resets all open connections and those that are added later, and waits up to five seconds until they are closed. */
    public void end() throws InterruptedException {
        ended = true;
        all().forEach(Resets::reset);
        awaitNone(System.nanoTime() + TimeUnit.SECONDS.toNanos(5));
    }
}

package io.inpod.tproxy.share;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts how much of a limited resource a user of it has, and bounds that by what is left for others: <em>a user may have as much as is
 * free for everybody</em>. Shares form a tree, for example the proxy, its pods, and each pod's clients. A share may grow while
 *
 * <pre>total - held by all - held by its parent - held by itself</pre>
 *
 * is positive. So a single pod gets at most half of the total, and a single client of it a third; if n pods take as much as they can, each
 * gets {@code total / (n + 1)}, and the same amount is free for the next one. No share needs to be configured; the price is that a part
 * of the total always stays free. (This is the dynamic threshold that switches use to divide a buffer among queues: Choudhury and Hahne,
 * 1998.)
 *
 * <p>Thread-safe, without locks. Users that take at the same instant may exceed their own bound by what they take at once; the total is
 * never exceeded by {@link #tryTake}.
 */
public final class Share {
    private final long total;
    private final @Nullable Share parent;
    private final AtomicLong held = new AtomicLong();
    private final LongAdder refusals = new LongAdder();

    private Share(long total, @Nullable Share parent) {
        this.total = total;
        this.parent = parent;
    }

    /**
     * Creates the root of a tree.
     *
     * @param total how much there is, in units of the caller's choice; at least 1
     * @return a share that holds nothing yet
     */
    public static Share of(long total) {
        if (total < 1) {
            throw new IllegalArgumentException("total must be at least 1, not " + total);
        }
        return new Share(total, null);
    }

    /** {@return a new part of this share; what it holds also counts here} */
    public Share part() {
        return new Share(total, this);
    }

    /**
     * Takes some of the resource, or nothing.
     *
     * @param amount how much, at least 0
     * @return false if that is more than the {@linkplain #room room}; then this share and those above it count a refusal
     */
    public boolean tryTake(long amount) {
        if (amount <= room()) {
            if (add(amount) <= total) {
                return true;
            }
            add(-amount);
        }
        countRefusal();
        return false;
    }

    /**
     * Tests whether the user must stop taking more. For resources whose amount is only known when they are held, see {@link #take}.
     *
     * @return true if there is no {@linkplain #room room}; then this share and those above it count a refusal
     */
    public boolean isExhausted() {
        boolean exhausted = room() <= 0;
        if (exhausted) {
            countRefusal();
        }
        return exhausted;
    }

    private void countRefusal() {
        for (Share share = this; share != null; share = share.parent) {
            share.refusals.increment();
        }
    }

    /**
     * Counts what is held already, even if that is more than the room; the caller stops taking more.
     *
     * @param amount how much, at least 0
     */
    public void take(long amount) {
        add(amount);
    }

    /**
     * Gives back.
     *
     * @param amount how much of what was taken, at least 0
     */
    public void giveBack(long amount) {
        add(-amount);
    }

    /** Returns what all hold now. */
    private long add(long amount) {
        Share share = this;
        for (;;) {
            long now = share.held.addAndGet(amount);
            if (share.parent == null) {
                return now;
            }
            share = share.parent;
        }
    }

    /** {@return by how much this share may grow; zero or negative if it may not} */
    public long room() {
        long left = total;
        for (Share share = this; share != null; share = share.parent) {
            left -= share.held.get();
        }
        return left;
    }

    /** {@return how much this share and its parts hold} */
    public long held() {
        return held.get();
    }

    /** {@return how much there is for the whole tree} */
    public long total() {
        return total;
    }

    /** {@return how often {@link #tryTake} has refused this share or a part of it, or it was found {@linkplain #isExhausted exhausted}} */
    public long refusals() {
        return refusals.sum();
    }

    @Override
    public String toString() {
        return held() + " of " + total;
    }
}

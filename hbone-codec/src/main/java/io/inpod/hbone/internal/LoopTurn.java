package io.inpod.hbone.internal;

import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The two rules that keep a connection simple: user code (and tunnels) are never called while frames are being read, but afterwards; and the
 * socket is flushed once per turn of the event loop.
 */
final class LoopTurn {
    private final EventExecutor loop;
    private final Runnable flush;
    private final Consumer<Throwable> failed;
    private final SendScheduler scheduler;
    private final Runnable turn = this::run;
    private final ArrayDeque<Runnable> later = new ArrayDeque<>();
    private final ArrayDeque<Stream> ready = new ArrayDeque<>();
    private boolean reading;
    private boolean settling;
    private boolean dirty;
    private boolean scheduled;

    LoopTurn(EventExecutor loop, SendScheduler scheduler, Runnable flush, Consumer<Throwable> failed) {
        this.loop = loop;
        this.flush = flush;
        this.failed = failed;
        this.scheduler = scheduler;
    }

    void readStarts() {
        reading = true;
    }

    void readEnds() {
        reading = false;
        settle();
        flush();
    }

    /** Something was written. */
    void dirty() {
        dirty = true;
        wake();
    }

    /** Calls when no frame is half read. */
    void later(Runnable action) {
        later.add(action);
        wake();
    }

    /** Lets the stream's tunnel look at its news. */
    void makeReady(Stream stream) {
        if (!stream.ready) {
            stream.ready = true;
            ready.add(stream);
            wake();
        }
    }

    void schedule() {
        if (!scheduled) {
            scheduled = true;
            loop.execute(turn);
        }
    }

    /** After the event loop has looked at its sockets: what wants to go on for ever lets others have their turn. */
    void scheduleAfterInput() {
        if (!scheduled) {
            scheduled = true;
            loop.schedule(turn, 0, TimeUnit.NANOSECONDS);
        }
    }

    private void wake() {
        if (!reading && !settling) {
            schedule();
        }
    }

    private void run() {
        scheduled = false;
        try {
            if (!reading) {
                settle();
            }
        } catch (RuntimeException | Error e) {
            failed.accept(e);
        } finally {
            flush();
        }
    }

    private void flush() {
        if (dirty) {
            dirty = false;
            flush.run();
        }
    }

    private void settle() {
        if (settling) {
            return;
        }
        settling = true;
        try {
            while (!later.isEmpty() || !ready.isEmpty()) {
                Runnable action = later.poll();
                if (action != null) {
                    action.run();
                    continue;
                }
                Stream stream = ready.remove();
                stream.ready = false;
                if (stream.channel != null) {
                    stream.channel.process();
                }
            }
            scheduler.resume();
        } finally {
            settling = false;
            if (!later.isEmpty() || !ready.isEmpty()) {
                // What sending has brought up, or what an exception has left over.
                schedule();
            }
        }
    }
}

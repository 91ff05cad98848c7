package io.inpod.hbone.internal.stream;

import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Two rules that keep a connection simple: user code and tunnels are called after frames have been read, never while they are being read;
 * and the socket is flushed once per turn of the event loop.
 */
public final class LoopTurn {
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

    /** The turns of one connection; {@code failed} receives exceptions thrown in a turn. */
    public LoopTurn(EventExecutor loop, SendScheduler scheduler, Runnable flush, Consumer<Throwable> failed) {
        this.loop = loop;
        this.flush = flush;
        this.failed = failed;
        this.scheduler = scheduler;
    }

    /** Frames are about to be read. */
    public void readStarts() {
        reading = true;
    }

    /** There are no more bytes to read: runs the deferred calls, and flushes. */
    public void readEnds() {
        reading = false;
        settle();
        flush();
    }

    /** Something was written and must be flushed. */
    public void dirty() {
        dirty = true;
        wake();
    }

    /** Runs an action once no frame is half read. */
    public void later(Runnable action) {
        later.add(action);
        wake();
    }

    /** Lets the stream's tunnel check for changes once no frame is half read. */
    void makeReady(Stream stream) {
        if (stream.raiseNews()) {
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

    /** Runs a turn after the event loop has polled its sockets, so that endless work doesn't starve other connections. */
    @SuppressWarnings("FutureReturnValueIgnored") // a turn throws nothing
    public void scheduleAfterInput() {
        if (!scheduled) {
            scheduled = true;
            loop.schedule(turn, 0, TimeUnit.NANOSECONDS);
        }
    }

    /** Runs an action after a delay; {@code failed} receives what it throws. */
    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing
    public void after(long delay, TimeUnit unit, Runnable action) {
        loop.schedule(() -> {
            try {
                action.run();
            } catch (RuntimeException | Error e) {
                failed.accept(e);
            }
        }, delay, unit);
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
            flush(); // Netty hands what a write or a flush throws to the promise or to exceptionCaught
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
                stream.clearNews();
                StreamChannel channel = stream.channel();
                if (channel != null) {
                    channel.process();
                }
            }
            scheduler.resume();
        } finally {
            settling = false;
            if (!later.isEmpty() || !ready.isEmpty()) {
                // Sending has caused further changes, or an exception has left some unhandled.
                schedule();
            }
        }
    }
}

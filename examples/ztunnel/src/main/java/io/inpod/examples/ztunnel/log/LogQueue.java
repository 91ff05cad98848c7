package io.inpod.examples.ztunnel.log;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what is logged to standard output, on a thread of its own and several lines at a time. Who logs is never blocked: if the reader of
 * the output has stopped, lines are lost, and counted.
 */
public final class LogQueue extends UnsynchronizedAppenderBase<ILoggingEvent> {
    /** The name of this appender. */
    public static final String NAME = "queue";
    private static final int MOST_AT_ONCE = 64;
    private static final long PATIENCE_MILLIS = 1000;

    private final LongAdder lost = new LongAdder();
    private final OutputStream out;
    private ArrayBlockingQueue<ILoggingEvent> events = new ArrayBlockingQueue<>(1);
    private LogFormat format = new LogFormat.Text();
    private final Thread thread = new Thread(this::run, "log");
    private volatile boolean ends;

    /** Creates a queue to standard output. */
    public LogQueue() {
        this(new FileOutputStream(FileDescriptor.out));
    }

    LogQueue(OutputStream out) {
        this.out = out;
    }

    /** {@return the queue that {@link LogSetup} has set up} */
    public static LogQueue configured() {
        return (LogQueue) ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger(Logger.ROOT_LOGGER_NAME).getAppender(NAME);
    }

    /**
     * Sets how many lines wait at most.
     *
     * @param size at least 1
     */
    public void setQueueSize(int size) {
        events = new ArrayBlockingQueue<>(size);
    }

    /** {@return how many lines wait at most} */
    public int getQueueSize() {
        return events.size() + events.remainingCapacity();
    }

    /**
     * Sets how lines are written.
     *
     * @param name {@code json}; anything else means text
     */
    public void setFormat(String name) {
        format = name.toLowerCase(Locale.ROOT).equals("json") ? new LogFormat.Json() : new LogFormat.Text();
    }

    /** {@return how many lines were lost since the start} */
    public long lost() {
        return lost.sum();
    }

    @Override
    public void start() {
        thread.setDaemon(true);
        thread.start();
        super.start();
    }

    @Override
    protected void append(ILoggingEvent event) {
        event.prepareForDeferredProcessing();
        if (!events.offer(event)) {
            lost.increment();
        }
    }

    private void run() {
        List<ILoggingEvent> some = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        while (!ends || !events.isEmpty()) {
            try {
                ILoggingEvent first = events.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
                if (first != null) {
                    some.add(first);
                    events.drainTo(some, MOST_AT_ONCE - 1);
                    some.forEach(event -> format.append(text, event));
                    out.write(text.toString().getBytes(StandardCharsets.UTF_8));
                }
            } catch (InterruptedException e) {
                // it ends, when the queue is empty
            } catch (IOException | RuntimeException e) {
                lost.add(some.size()); // there is no other place to say so
            }
            some.clear();
            text.setLength(0);
        }
    }

    /** Writes what waits, for a second at most. */
    @Override
    public void stop() {
        super.stop();
        ends = true;
        thread.interrupt();
        try {
            thread.join(PATIENCE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

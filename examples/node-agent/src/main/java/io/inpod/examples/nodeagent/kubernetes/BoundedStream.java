package io.inpod.examples.nodeagent.kubernetes;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** An answer's body that ends with an error when nothing has come for a while, whatever the connection believes. */
final class BoundedStream extends InputStream {
    private final InputStream in;
    private final Duration silence;
    private final ScheduledExecutorService timer;
    private volatile long heard = System.nanoTime();
    private volatile boolean silent;
    private volatile boolean closed;

    BoundedStream(InputStream in, Duration silence, ScheduledExecutorService timer) {
        this.in = in;
        this.silence = silence;
        this.timer = timer;
        checkIn(silence.toNanos());
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing
    private void checkIn(long nanos) {
        try {
            timer.schedule(this::check, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) { // everything is being closed
            closeQuietly();
        }
    }

    private void check() {
        if (closed) {
            return;
        }
        long rest = silence.toNanos() - (System.nanoTime() - heard);
        if (rest > 0) {
            checkIn(rest);
        } else {
            silent = true;
            closeQuietly();
        }
    }

    private void closeQuietly() {
        try {
            in.close();
        } catch (IOException e) { // it is being abandoned
            closed = true;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        try {
            int count = in.read(buffer, offset, length);
            heard = System.nanoTime();
            return count;
        } catch (IOException | RuntimeException e) {
            throw new IOException(silent ? "the API server has said nothing for " + silence.toMillis() + " ms" : reason(e), e);
        }
    }

    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return "the API server's answer broke off: " + cause;
    }

    @Override
    public void close() throws IOException {
        closed = true;
        in.close();
    }
}

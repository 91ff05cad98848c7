package io.inpod.iptables.backend;

import io.inpod.iptables.internal.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Feeds a process and takes what it prints, each with a thread that ends with the process. */
final class Pipes {
    /** A process that has ended has said everything; but what it started may go on, and hold the pipe open. */
    private static final long STRAGGLERS_SECONDS = 5;

    private final FutureTask<byte[]> input;
    private final FutureTask<byte[]> output;
    private final FutureTask<byte[]> errors;

    Pipes(Process process, byte[] text) {
        input = start(() -> write(process.getOutputStream(), text));
        output = start(() -> read(process.getInputStream()));
        errors = start(() -> read(process.getErrorStream()));
    }

    private static FutureTask<byte[]> start(Callable<byte[]> work) {
        FutureTask<byte[]> task = new FutureTask<>(work);
        Thread thread = new Thread(task, "inpod-tool-pipe");
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    private static byte[] write(OutputStream out, byte[] text) throws IOException {
        try (out) {
            out.write(text);
        }
        return text;
    }

    private static byte[] read(InputStream in) throws IOException {
        try (in) {
            return in.readAllBytes();
        }
    }

    /** What a process that has ended well printed, after it took all of its input. */
    String output() throws IOException {
        result(input);
        return new String(result(output), Bytes.RAW);
    }

    /** What it said of its errors. */
    String errors() throws IOException {
        return new String(result(errors), Bytes.RAW);
    }

    private static byte[] result(FutureTask<byte[]> task) throws IOException {
        try {
            return task.get(STRAGGLERS_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException("a tool's input or output broke off: " + e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("a tool has ended, but something that it started still holds its input or output", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted").initCause(e);
        }
    }
}

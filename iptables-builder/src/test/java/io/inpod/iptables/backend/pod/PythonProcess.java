package io.inpod.iptables.backend.pod;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A Python program in a pod that prints lines, until it is closed. */
public final class PythonProcess implements AutoCloseable {
    private static final long LIMIT_SECONDS = 30;
    /** A process of a pod with user 0 and no capability. */
    private static final List<String> USER_0 = List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all");

    private final Process process;
    private final BufferedReader lines;

    private PythonProcess(Process process) {
        this.process = process;
        this.lines = process.inputReader(StandardCharsets.UTF_8);
    }

    static PythonProcess start(NetworkNamespace pod, String program, String... arguments) throws IOException {
        return start(List.of(), pod, program, arguments);
    }

    static PythonProcess startWithoutCapabilities(NetworkNamespace pod, String program, String... arguments) throws IOException {
        return start(USER_0, pod, program, arguments);
    }

    private static PythonProcess start(List<String> as, NetworkNamespace pod, String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(as);
        command.addAll(List.of("python3", "-c", program));
        command.addAll(List.of(arguments));
        return new PythonProcess(new ProcessBuilder(Tool.inside(pod, command.toArray(String[]::new))).redirectErrorStream(true).start());
    }

    /** Returns its next line, or "null" if it has ended. A program that says nothing fails the test. */
    String line() throws IOException {
        CompletableFuture<String> next = CompletableFuture.supplyAsync(() -> {
            try {
                return String.valueOf(lines.readLine());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        try {
            return next.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            process.destroyForcibly(); // ends the reading too
            throw new AssertionError("the program has printed nothing for " + LIMIT_SECONDS + " s", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for a line", e);
        }
    }

    /** Returns where it reads from. */
    OutputStream input() {
        return process.getOutputStream();
    }

    /** Kills it, and waits until its sockets are closed. */
    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
        try {
            lines.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

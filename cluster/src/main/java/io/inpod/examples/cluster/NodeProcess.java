package io.inpod.examples.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A program that was started on a node. It ends with the node. Thread-safe. */
public final class NodeProcess {
    private static final long LIMIT_SECONDS = 60;

    private final NodeSandbox node;
    private final Process process;
    private final Path pidFile;
    private final Path output;

    NodeProcess(NodeSandbox node, Process process, Path pidFile, Path output) {
        this.node = node;
        this.process = process;
        this.pidFile = pidFile;
        this.output = output;
    }

    /** {@return the pid that it has on the node} */
    public long pid() throws IOException {
        return Long.parseLong(Files.readString(pidFile).strip());
    }

    /** {@return where its output is} */
    public Path output() {
        return output;
    }

    /** {@return whether it is running, or stopped by a signal} */
    public boolean isAlive() {
        return process.isAlive();
    }

    /**
     * Sends it a signal.
     *
     * @param signal the signal's name without SIG, for example STOP
     * @throws IOException if it has ended
     * @throws InterruptedException if the thread was interrupted
     */
    public void signal(String signal) throws IOException, InterruptedException {
        node.exec("kill", "-s", signal, Long.toString(pid()));
    }

    /**
     * Kills it, and waits until it is gone. Does nothing if it has ended.
     *
     * @throws IOException if it remains
     * @throws InterruptedException if the thread was interrupted
     */
    public void kill() throws IOException, InterruptedException {
        if (isAlive()) {
            try {
                signal("KILL");
            } catch (IOException e) {
                if (isAlive()) {
                    throw e;
                }
            }
        }
        awaitEnd();
    }

    /**
     * Waits until it has ended.
     *
     * @throws IOException if it doesn't within a minute
     * @throws InterruptedException if the thread was interrupted
     */
    public void awaitEnd() throws IOException, InterruptedException {
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("process " + pid() + " doesn't end; its output is in " + output);
        }
    }

    /**
     * Waits until it has printed a text.
     *
     * @param text the text
     * @param after how many characters of its output to ignore
     * @throws IOException with its output, if it ends before, or doesn't print it within a minute
     * @throws InterruptedException if the thread was interrupted
     */
    public void awaitOutput(String text, int after) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        for (;;) {
            boolean ended = !isAlive(); // before its output is read
            String printed = Files.readString(output);
            if (printed.indexOf(text, Math.min(after, printed.length())) >= 0) {
                return;
            }
            if (ended || System.nanoTime() > deadline) {
                throw new IOException(
                        "\"" + text + "\" isn't in the output, and the process " + (ended ? "has ended" : "runs on") + ":\n" + printed);
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }
}

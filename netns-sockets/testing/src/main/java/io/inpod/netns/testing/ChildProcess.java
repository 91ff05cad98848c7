package io.inpod.netns.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A program that runs while a test goes on, and exchanges lines with it. A program that says nothing for 40 seconds fails the test, with a
 * message that says what was awaited and what it has printed last. (A read from a process's pipe can't be given a limit: it ends neither
 * when the thread is interrupted nor, if the program has started others, when the program is killed.)
 *
 * <p>{@link Pod#start(String...)} starts one in a pod.
 *
 * <p>For one thread at a time. All text is UTF-8.
 */
public final class ChildProcess implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final int MOST_OF_COMMAND = 100;
    private static final int MOST_OF_OUTPUT = 5000;
    private static final int MOST_KEPT = 64 * 1024;

    private final Process process;
    private final String name;
    private final Path printed;
    private final InputStream output;
    private final Duration limit;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private volatile @Nullable String kept;

    private ChildProcess(Process process, String name, Path printed, InputStream output, Duration limit) {
        this.process = process;
        this.name = name;
        this.printed = printed;
        this.output = output;
        this.limit = limit;
    }

    /**
     * Starts a program. Its standard error is that of this process.
     *
     * @param command the program and its arguments, for example those of {@link Tool#inside}
     * @return the program
     * @throws IOException if it can't be started
     */
    public static ChildProcess start(List<String> command) throws IOException {
        return start(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT));
    }

    /**
     * Starts a program.
     *
     * @param builder the program, its environment, and what becomes of its standard error; its standard output is redirected to a file
     * @return the program
     * @throws IOException if it can't be started
     */
    public static ChildProcess start(ProcessBuilder builder) throws IOException {
        return start(builder, LIMIT);
    }

    static ChildProcess start(ProcessBuilder builder, Duration limit) throws IOException {
        return start(builder, String.join(" ", builder.command()), limit);
    }

    /** Starts a program that is known to people by other words than its command. */
    static ChildProcess start(ProcessBuilder builder, String words) throws IOException {
        return start(builder, words, LIMIT);
    }

    private static ChildProcess start(ProcessBuilder builder, String longWords, Duration limit) throws IOException {
        String words = longWords.replaceAll("\\s+", " ");
        String name = words.length() <= MOST_OF_COMMAND ? words : words.substring(0, MOST_OF_COMMAND) + "...";
        Path printed = Files.createTempFile("child", ".txt");
        InputStream output = new BufferedInputStream(Files.newInputStream(printed));
        try {
            return new ChildProcess(builder.redirectOutput(printed.toFile()).start(), name, printed, output, limit);
        } catch (IOException e) {
            output.close();
            Files.delete(printed);
            throw e;
        }
    }

    /**
     * Returns the handle of the process, by which it can be ended without being closed.
     *
     * @return the handle
     */
    public ProcessHandle handle() {
        return process.toHandle();
    }

    /**
     * Writes a line to the program's standard input.
     *
     * @param text the line, without its end
     * @throws IOException if the program no longer reads
     */
    public void say(String text) throws IOException {
        process.getOutputStream().write((text + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    /**
     * Ends the program's standard input.
     *
     * @throws IOException if the program no longer reads
     */
    public void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /**
     * Waits for the next line that the program prints.
     *
     * @param what what is awaited, for the message
     * @return the line, without its end
     * @throws AssertionError if the program prints nothing for 40 seconds, or has ended
     * @throws IOException if the calling thread is interrupted
     */
    public String line(String what) throws IOException {
        return next(what, System.nanoTime() + limit.toNanos());
    }

    /**
     * Waits for a line that the program must print next.
     *
     * @param expected the line
     * @throws AssertionError if it prints another line, or nothing for 40 seconds, or has ended
     * @throws IOException if the calling thread is interrupted
     */
    public void expect(String expected) throws IOException {
        String found = line(expected);
        if (!found.equals(expected)) {
            throw new AssertionError(name + " printed \"" + found + "\" where \"" + expected + "\" was expected");
        }
    }

    /**
     * Waits for a line that contains a text, and ignores others.
     *
     * @param text the text
     * @return the line
     * @throws AssertionError if it prints no such line within 40 seconds, or has ended
     * @throws IOException if the calling thread is interrupted
     */
    public String lineWith(String text) throws IOException {
        long deadline = System.nanoTime() + limit.toNanos();
        for (;;) {
            String found = next(text, deadline);
            if (found.contains(text)) {
                return found;
            }
        }
    }

    private String next(String what, long deadline) throws IOException {
        return await(what, deadline, this::complete);
    }

    /**
     * Waits until the program, or one that it has started, listens on a TCP port, in whichever network namespace it is. Another program
     * that listens on the same port doesn't count. A program that goes into the background by ending is not found.
     *
     * @param port the port, 1 to 65535
     * @throws AssertionError if it doesn't listen within 40 seconds, or has ended
     * @throws IOException if the calling thread is interrupted
     */
    public void awaitPort(int port) throws IOException {
        await("TCP port " + port, System.nanoTime() + limit.toNanos(), () -> ListeningPort.isOf(handle(), port) ? Boolean.TRUE : null);
    }

    /** Looks for something that is awaited. */
    private interface Attempt<T> {
        @Nullable
        T now() throws IOException;
    }

    private <T> T await(String what, long deadline, Attempt<T> attempt) throws IOException {
        for (;;) {
            boolean alive = process.isAlive(); // asked first, since what it prints before its end is read
            T found = attempt.now();
            if (found != null) {
                return found;
            } else if (!alive) {
                throw new AssertionError(name + " has ended with " + process.exitValue() + failed(what));
            } else if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(name + " takes longer than " + limit.toSeconds() + " s" + failed(what));
            }
            pause(what);
        }
    }

    /** Returns the next line, or null if it isn't there yet. */
    private @Nullable String complete() throws IOException {
        for (int next = output.read(); next >= 0; next = output.read()) {
            if (next == '\n') {
                String text = line.toString(StandardCharsets.UTF_8);
                line.reset();
                return text;
            }
            line.write(next);
        }
        return null;
    }

    private String failed(String what) throws IOException {
        return "; awaited: " + what + "; printed: " + end(MOST_OF_OUTPUT);
    }

    private void pause(String what) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + name + failed(what), e);
        }
    }

    /**
     * Waits for the end of the program.
     *
     * @return its exit code; 128 and the signal's number if a signal ended it
     * @throws AssertionError if it hasn't ended after 40 seconds
     * @throws IOException if the calling thread is interrupted
     */
    public int awaitExit() throws IOException {
        try {
            if (!process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new AssertionError(name + " takes longer than " + limit.toSeconds() + " s" + failed("its end"));
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + name + failed("its end"), e);
        }
    }

    /**
     * Returns what the program has printed so far.
     *
     * @return all of it, including lines that have been returned already; the last 64 KiB if it has been {@linkplain #close closed}
     * @throws IOException if the file with it can't be read
     */
    public String output() throws IOException {
        return end(Long.MAX_VALUE);
    }

    /** The last bytes of the output, as text. */
    private String end(long most) throws IOException {
        String text = kept;
        if (text != null) {
            return text.substring((int) Math.max(0, text.length() - most));
        }
        try (RandomAccessFile file = new RandomAccessFile(printed.toFile(), "r")) { // unlike a channel, for interrupted threads too
            long length = file.length();
            byte[] bytes = new byte[Math.toIntExact(Math.min(most, length))];
            file.seek(length - bytes.length);
            return new String(bytes, 0, Math.max(0, file.read(bytes)), StandardCharsets.UTF_8);
        }
    }

    /** For a failed test: what it is, whether it runs, and what it has printed last. */
    String report() throws IOException {
        String state = process.isAlive() ? "runs" : "has ended with " + process.exitValue();
        String text = end(MOST_OF_OUTPUT);
        return name + " (pid " + process.pid() + ") " + state + "; printed"
                + (text.isEmpty() ? " nothing" : " last:\n" + text.stripTrailing())
                + "\n";
    }

    /** Kills the program if it hasn't ended, and waits for its end. Its output is kept. */
    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join(); // closes the input too
        if (kept == null) {
            kept = end(MOST_KEPT);
        }
        output.close();
        Files.deleteIfExists(printed);
    }

    @Override
    public String toString() {
        return name + " (pid " + process.pid() + ")";
    }
}

package io.inpod.hbone;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Third-party programs, used as oracles. */
public final class Tools {
    /** Debian's Python, because python3-h2 is installed for it. */
    public static final String PYTHON = "/usr/bin/python3";

    private static final long LIMIT_SECONDS = 120;

    private Tools() { }

    /** Skips the test if the program is missing, or fails it in CI. */
    public static void require(String... command) {
        try {
            run(command.length == 1 ? new String[] {command[0], "version"} : command);
            return;
        } catch (IOException | InterruptedException e) {
            // missing
        }
        String message = "not installed, or not listed in the file programs: " + String.join(" ", command);
        if ("true".equals(System.getenv("CI"))) {
            fail(message);
        }
        abort(message);
    }

    /** Runs a program, and returns what it has said. It must end within two minutes, with exit code 0. */
    public static String run(String... command) throws IOException, InterruptedException {
        return run(new ProcessBuilder(command));
    }

    /** Does the same where the program has a directory or an environment of its own. */
    public static String run(ProcessBuilder builder) throws IOException, InterruptedException {
        Path said = Files.createTempFile("tool", ".txt");
        try {
            Process p = builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
            if (!p.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                p.destroyForcibly();
                throw new IOException(String.join(" ", builder.command()) + " takes longer than " + LIMIT_SECONDS + " s: " + Files.readString(said));
            } else if (p.exitValue() != 0) {
                throw new IOException(String.join(" ", builder.command()) + " ended with " + p.exitValue() + ": " + Files.readString(said));
            }
            return Files.readString(said);
        } finally {
            Files.delete(said);
        }
    }

    /** Waits for a line in the file that a process writes: the first is number 0. */
    static String awaitLine(int number, Process process, Path log) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        for (;;) {
            boolean alive = process.isAlive();
            String text = Files.readString(log);
            if (text.chars().filter(c -> c == '\n').count() > number) {
                return text.lines().toList().get(number);
            }
            if (!alive || System.nanoTime() > deadline) {
                process.destroyForcibly();
                throw new IOException("awaited line " + number + " in vain: " + text);
            }
            process.waitFor(5, TimeUnit.MILLISECONDS);
        }
    }

    /** Waits for a listener without connecting to it, because a connection might open a tunnel. */
    static void awaitListener(InetSocketAddress address, Process process, Path log) throws IOException, InterruptedException {
        String listening = String.format(": 0100007F:%04X 00000000:0000 0A ", address.getPort());
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!Files.readString(Path.of("/proc/thread-self/net/tcp")).contains(listening)) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                process.destroyForcibly();
                throw new IOException("nothing listens on " + address + ": " + Files.readString(log));
            }
            process.waitFor(20, TimeUnit.MILLISECONDS);
        }
    }
}

package io.inpod.hbone;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Third-party programs, used as oracles. */
public final class Tools {
    /** Debian's Python, because python3-h2 is installed for it. */
    public static final String PYTHON = "/usr/bin/python3";

    private Tools() { }

    /** Skips the test if the program is missing, or fails it in CI. */
    public static void require(String... command) {
        try {
            Process p = new ProcessBuilder(command.length == 1 ? new String[] {command[0], "version"} : command)
                    .redirectErrorStream(true).start();
            p.getInputStream().readAllBytes();
            if (p.waitFor() == 0) {
                return;
            }
        } catch (IOException | InterruptedException e) {
            // missing
        }
        String message = "not installed, or not listed in the file programs: " + String.join(" ", command);
        if ("true".equals(System.getenv("CI"))) {
            fail(message);
        }
        abort(message);
    }

    public static String run(String... command) throws IOException, InterruptedException {
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!p.waitFor(120, TimeUnit.SECONDS) || p.exitValue() != 0) {
            throw new IOException(String.join(" ", command) + " failed: " + said);
        }
        return said;
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

package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** Runs a program of the system inside a network namespace: the independent oracle of tests, such as {@code ip} or {@code ss}. */
public final class Tool {
    private static final long LIMIT_SECONDS = 60;

    private Tool() {}

    /**
     * What a finished program left.
     *
     * @param exitCode 0 for success
     * @param output what it printed, standard output and error together
     */
    public record Result(int exitCode, String output) {}

    /**
     * The command line that runs a program inside a namespace, for a {@link ProcessBuilder} that is started outside of it.
     *
     * @param namespace which; must stay open until the program has started
     * @param command the program and its arguments
     * @return the command
     * @throws IOException if the namespace is closed
     */
    public static List<String> inside(NetworkNamespace namespace, String... command) throws IOException {
        require(command[0]);
        List<String> line = new ArrayList<>(List.of("nsenter", "--net=" + pathOf(namespace), "--"));
        line.addAll(List.of(command));
        return line;
    }

    /**
     * Returns a path by which other processes can open a namespace while it is open in this one.
     *
     * @param namespace the namespace
     * @return the path
     * @throws IOException if the namespace is closed
     */
    public static Path pathOf(NetworkNamespace namespace) throws IOException {
        int fd = namespace.fd().acquire();
        namespace.fd().release();
        return Path.of("/proc", Long.toString(ProcessHandle.current().pid()), "fd", Integer.toString(fd));
    }

    /**
     * Runs a program to its end.
     *
     * @param namespace where
     * @param command the program and its arguments
     * @return its output, standard output and error together
     * @throws IOException if it ends with another exit code than 0, or takes longer than a minute
     */
    public static String run(NetworkNamespace namespace, String... command) throws IOException {
        Result result = tryRun(namespace, command);
        if (result.exitCode() != 0) {
            throw new IOException(String.join(" ", command) + " ended with " + result.exitCode() + ": " + result.output());
        }
        return result.output();
    }

    /**
     * Runs a program to its end, whatever that is.
     *
     * @param namespace where
     * @param command the program and its arguments
     * @return its exit code and output
     * @throws IOException if it can't be started or takes longer than a minute
     */
    public static Result tryRun(NetworkNamespace namespace, String... command) throws IOException {
        Path output = Files.createTempFile("tool", ".txt");
        try {
            Process process = new ProcessBuilder(inside(namespace, command))
                    .redirectErrorStream(true).redirectOutput(output.toFile()).redirectInput(new File("/dev/null")).start();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(String.join(" ", command) + " takes longer than " + LIMIT_SECONDS + " s");
            }
            return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while running " + String.join(" ", command), e);
        } finally {
            Files.delete(output);
        }
    }

    /**
     * Returns if the system has a program; otherwise skips the calling test, or with {@code CI=true} fails it.
     *
     * @param program its name
     */
    public static void require(String program) {
        Stream<String> path = Stream.concat(
                Stream.of(System.getenv().getOrDefault("PATH", "").split(":")), Stream.of("/usr/sbin", "/sbin"));
        if (program.startsWith("/") ? Files.isExecutable(Path.of(program)) : path.anyMatch(d -> Files.isExecutable(Path.of(d, program)))) {
            return;
        }
        String message = "missing tool " + program;
        if ("true".equals(System.getenv("CI"))) {
            throw new AssertionError(message);
        }
        throw new TestAbortedException(message);
    }
}

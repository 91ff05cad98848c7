package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Runs a system program, such as {@code ip} or {@code ss}, inside a network namespace: the independent oracle of tests. */
public final class Tool {
    private static final long LIMIT_SECONDS = 60;

    private Tool() {}

    /**
     * The result of a finished program.
     *
     * @param exitCode 0 for success
     * @param output its standard output and standard error together
     */
    public record Result(int exitCode, String output) {}

    /**
     * Returns the command line that runs a program inside a namespace, for a {@link ProcessBuilder} that is started outside it.
     *
     * @param namespace the namespace; must stay open until the program has started
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
     * @param namespace where to run it
     * @param command the program and its arguments
     * @return its standard output and standard error together
     * @throws IOException if its exit code isn't 0, or it takes longer than a minute
     */
    public static String run(NetworkNamespace namespace, String... command) throws IOException {
        Result result = tryRun(namespace, command);
        if (result.exitCode() != 0) {
            throw new IOException(String.join(" ", command) + " ended with " + result.exitCode() + ": " + result.output());
        }
        return result.output();
    }

    /**
     * Runs a program to its end, whatever its exit code.
     *
     * @param namespace where to run it
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
     * Returns if the system has a program. Otherwise skips the calling test, or fails it with {@code CI=true}. If the environment variable
     * {@code INPOD_PROGRAMS} names a list of programs (see the script {@code inpod-sandbox/bin/java}), a program that isn't listed fails
     * the test everywhere.
     *
     * @param program its name
     */
    public static void require(String program) {
        String list = System.getenv("INPOD_PROGRAMS");
        if (list != null && !isListed(Path.of(program).getFileName().toString(), Path.of(list))) {
            throw new AssertionError(program + " isn't listed in " + list
                    + ": add a line with its Debian package, so that it is installed wherever the tests run");
        }
        Stream<String> path = Stream.concat(
                Stream.of(System.getenv().getOrDefault("PATH", "").split(":")), Stream.of("/usr/sbin", "/sbin"));
        if (program.startsWith("/") ? Files.isExecutable(Path.of(program)) : path.anyMatch(d -> Files.isExecutable(Path.of(d, program)))) {
            return;
        }
        throw Missing.failure("missing tool " + program, null);
    }

    private static boolean isListed(String name, Path list) {
        try (Stream<String> lines = Files.lines(list)) {
            return lines.anyMatch(line -> !line.startsWith("#") && line.matches("[a-z]+ +" + Pattern.quote(name) + " .*"));
        } catch (IOException e) {
            throw new UncheckedIOException("can't read the list of programs that INPOD_PROGRAMS names", e);
        }
    }
}

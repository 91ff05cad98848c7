package io.inpod.netns;

import io.inpod.netns.testing.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Another JVM with the class path of this one, for tests that would harm this one. */
public final class ChildJvm {
    private static final long LIMIT_SECONDS = 120;

    /** A program to run. */
    public record Command(List<String> prefix, List<String> options, String classPath, Class<?> main, List<String> arguments, Map<String, String> environment) {
        /** Runs it through other programs, such as {@code prlimit}. */
        public Command through(String... words) {
            return new Command(List.of(words), options, classPath, main, arguments, environment);
        }

        public Command withOptions(String... words) {
            return new Command(prefix, List.of(words), classPath, main, arguments, environment);
        }

        public Command withArguments(String... words) {
            return new Command(prefix, options, classPath, main, List.of(words), environment);
        }

        public Command withClassPath(String entries) {
            return new Command(prefix, options, entries, main, arguments, environment);
        }

        public Command inEnvironment(String name, String value) {
            Map<String, String> more = new TreeMap<>(environment);
            more.put(name, value);
            return new Command(prefix, options, classPath, main, arguments, more);
        }

        public List<String> line() {
            List<String> line = new ArrayList<>(prefix);
            line.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", classPath, "-Xmx256m", "-XX:+UseSerialGC", "-XX:-UsePerfData",
                    "-Dio.netty.machineId=02:00:00:00:00:00:00:01", "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider", "-Dslf4j.internal.verbosity=ERROR"));
            line.addAll(options);
            line.add(main.getName());
            line.addAll(arguments);
            return line;
        }
    }

    private ChildJvm() {}

    public static Command command(Class<?> main) {
        return new Command(List.of(), List.of(), classPath(), main, List.of(), Map.of());
    }

    /** Surefire's class path is a jar that refers to the real one. */
    public static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /** The part of the class path that the library needs, copied to where every user may read it. */
    public static String readableClassPath(Path directory) throws IOException {
        List<String> entries = new ArrayList<>();
        for (String entry : classPath().split(":")) {
            Path name = Path.of(entry).getFileName();
            if (name.toString().matches("(jnr|jffi|asm|netty-common|netns-sockets).*jar")) {
                entries.add(Files.copy(Path.of(entry), directory.resolve(name)).toString());
            } else if (!name.toString().endsWith(".jar")) {
                entries.add(entry);
            }
        }
        return String.join(":", entries);
    }

    /** Starts it, to exchange lines with it. */
    public static ChildProcess start(Command command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command.line()).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(command.environment());
        return ChildProcess.start(builder);
    }

    /** Returns its standard output and error. Any exit code other than 0 is an error. */
    public static String run(Command command) throws IOException, InterruptedException {
        return runExpecting(0, command);
    }

    /** Returns its standard output and error. Any other exit code is an error. */
    public static String runExpecting(int exitCode, Command command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("child", ".txt");
        try {
            ProcessBuilder builder = new ProcessBuilder(command.line()).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().putAll(command.environment());
            Process process = builder.start();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
                throw new IOException("takes longer than " + LIMIT_SECONDS + " s: " + Files.readString(output));
            }
            // warnings of the JVM itself, on Java 25 about native access
            String text = Files.readAllLines(output).stream().filter(line -> !line.startsWith("WARNING: ") && !line.isEmpty()).map(line -> line + "\n").collect(Collectors.joining());
            if (process.exitValue() != exitCode) {
                throw new IOException(command.main().getSimpleName() + " ended with " + process.exitValue() + ": " + text);
            }
            return text;
        } finally {
            Files.delete(output);
        }
    }
}

package io.inpod.tproxy;

import io.inpod.netns.testing.ChildProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs a test class in a separate JVM, and exchanges lines with it. */
final class ChildJvm implements AutoCloseable {
    private final ChildProcess process;
    private final String name;

    private ChildJvm(ChildProcess process, String name) {
        this.process = process;
        this.name = name;
    }

    /** Starts the JVM, through other programs such as {@code prlimit} if {@code prefix} isn't empty. */
    static ChildJvm start(List<String> prefix, Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m", "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Dio.netty.machineId=02:00:00:00:00:00:00:01",
                "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider", "-Dslf4j.internal.verbosity=ERROR",
                "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), main.getName()));
        command.addAll(List.of(arguments));
        return new ChildJvm(ChildProcess.start(command), main.getSimpleName());
    }

    void say(String line) throws IOException {
        process.say(line);
    }

    /** {@return the next line that it prints} */
    String line() throws IOException {
        return process.line("a line of " + name);
    }

    @Override
    public void close() throws IOException {
        try (process) {
            process.endInput(); // this ends the process
            process.awaitExit();
        }
    }
}

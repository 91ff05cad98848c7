package io.inpod.netns;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a test class in another JVM, with settings that can't be changed in this one: privileges, limits, flags. */
public final class TestJvm {
    private TestJvm() {}

    /** Starts it. It inherits this process's standard error. */
    public static Process start(List<String> wrapper, List<String> flags, Class<?> main, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dio.netty.machineId=02:00:00:00:00:00:00:01",
                "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider", "-Dslf4j.internal.verbosity=ERROR"));
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), main.getName()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /** Returns its output after it has ended with exit code 0. */
    public static String run(List<String> wrapper, List<String> flags, Class<?> main, Object... arguments) throws IOException, InterruptedException {
        Process process = start(wrapper, flags, main, arguments);
        try (OutputStream input = process.getOutputStream()) {
            input.flush();
            String output = new String(process.getInputStream().readAllBytes());
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new AssertionError(main.getSimpleName() + " failed: " + output);
            }
            return output;
        }
    }
}

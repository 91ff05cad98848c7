package io.inpod.examples.demo;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The processes of the demo, each with its output in a file. */
final class Processes implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Path directory;
    private final Map<String, Process> running = new HashMap<>();
    private final List<String> order = new ArrayList<>();

    Processes(Path directory) {
        this.directory = directory;
    }

    /** Starts a process in the background. */
    void start(String name, Map<String, String> environment, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null")).redirectErrorStream(true).redirectOutput(output(name).toFile());
        builder.environment().putAll(environment);
        running.put(name, builder.start());
        order.add(name);
    }

    /** Waits until a process has printed a text. */
    void awaitOutput(String name, String text) throws IOException, InterruptedException, DemoFailure {
        Process process = running.get(name);
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!output(name).toFile().exists() || !Files.readString(output(name)).contains(text)) {
            if (process == null || !process.isAlive()) {
                throw new DemoFailure(name + " ended early");
            }
            if (System.nanoTime() > deadline) {
                throw new DemoFailure(name + " didn't print \"" + text + "\" within " + LIMIT.toSeconds() + " s");
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    /** Runs a program to its end and returns its output. */
    String run(String... command) throws IOException, InterruptedException, DemoFailure {
        Path output = Files.createTempFile(directory, "run", ".txt");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(new File("/dev/null")).redirectErrorStream(true).redirectOutput(output.toFile()).start();
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new DemoFailure(String.join(" ", command) + " takes longer than " + LIMIT.toSeconds() + " s");
            }
            if (process.exitValue() != 0) {
                throw new DemoFailure(String.join(" ", command) + " ended with " + process.exitValue() + ": " + Files.readString(output));
            }
            return Files.readString(output);
        } finally {
            Files.delete(output);
        }
    }

    /** Waits until a process has ended. */
    void awaitEnd(String name) throws InterruptedException, DemoFailure {
        Process process = running.get(name);
        if (process != null && !process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new DemoFailure(name + " didn't end within " + LIMIT.toSeconds() + " s");
        }
    }

    /** Runs a program that must fail, and returns what it says. */
    String fail(String... command) throws IOException, InterruptedException, DemoFailure {
        String said;
        try {
            said = run(command);
        } catch (DemoFailure e) {
            return String.valueOf(e.getMessage());
        }
        throw new DemoFailure(String.join(" ", command) + " should have failed: " + said);
    }

    Path output(String name) {
        return directory.resolve(name + ".log");
    }

    List<String> names() {
        return List.copyOf(order);
    }

    long pid(String name) {
        Process process = running.get(name);
        return process == null ? 0 : process.pid();
    }

    @Override
    public void close() {
        running.values().forEach(Process::destroy);
    }
}

package io.inpod.examples.cluster;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs {@code cluster.sh} for one cluster.
 *
 * @param script the script
 * @param name tells the clusters of this machine apart
 * @param state the directory that contains all that the cluster writes
 */
record Kit(Path script, String name, Path state) {
    private static final long LIMIT_SECONDS = 180;

    static Kit named(String name) throws IOException {
        return new Kit(find(), name, Path.of("/tmp/inpod-kube-" + name));
    }

    /** The script is in the source tree, in which the tests run and the launcher is. */
    private static Path find() throws IOException {
        String launcher = System.getProperty("inpod.launcher");
        Path start = launcher != null ? Path.of(launcher).toAbsolutePath().getParent() : Path.of("").toAbsolutePath();
        for (Path directory = start; directory != null; directory = directory.getParent()) {
            if (Files.isExecutable(directory.resolve("cluster/cluster.sh"))) {
                return directory.resolve("cluster/cluster.sh");
            }
        }
        throw new IOException("there is no cluster/cluster.sh in " + start + " or above it");
    }

    /** Returns a process that isn't started yet. */
    ProcessBuilder process(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(new File("/dev/null"));
        builder.environment().put("KUBE_TEST_NAME", name);
        builder.environment().put("KUBE_TEST_STATE", state.toString());
        return builder;
    }

    /**
     * Runs a command to its end.
     *
     * @return what it printed
     * @throws IOException with what it printed, if its exit code isn't 0
     */
    String run(String... arguments) throws IOException, InterruptedException {
        return run(process(List.of(arguments)), String.join(" ", arguments));
    }

    String run(ProcessBuilder builder, String description) throws IOException, InterruptedException {
        Path output = Files.createTempFile("cluster", ".txt");
        try {
            Process process = builder.redirectOutput(output.toFile()).start();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(description + " takes longer than " + LIMIT_SECONDS + " s: " + Files.readString(output));
            }
            String text = Files.readString(output);
            if (process.exitValue() != 0) {
                throw new IOException(description + " ended with " + process.exitValue() + ": " + text.strip());
            }
            return text;
        } finally {
            Files.delete(output);
        }
    }
}

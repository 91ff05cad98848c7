package io.inpod.examples.clustertests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The steps of a {@link SteppedAgent}, seen from outside: which it has taken, and one before which it waits. */
record Steps(Path directory) {
    static final String TAKEN = "taken";
    static final String HOLD = "hold";
    static final String HELD = "held";
    /** After the API server was away, the kubelet may try again to mount a pod's volumes only after two minutes. */
    private static final long LIMIT_SECONDS = 180;

    /** Returns the steps that were taken about a pod, in their order. */
    List<String> taken(String work) throws IOException {
        Path file = directory.resolve(TAKEN);
        return Files.exists(file)
                ? Files.readAllLines(file).stream().filter(line -> line.startsWith(work + ": ")).map(line -> line.substring(work.length() + 2)).toList()
                : List.of();
    }

    /** The agent is to wait before a step. */
    void hold(String work, String step) throws IOException {
        write(work + ": " + step);
    }

    /** The agent is to wait before a step of work about any pod. */
    void holdAny(String work, String step) throws IOException {
        write(work + " *: " + step);
    }

    private void write(String what) throws IOException {
        Files.deleteIfExists(directory.resolve(HELD));
        Path next = directory.resolve("next");
        Files.writeString(next, what);
        Files.move(next, directory.resolve(HOLD), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Waits until the agent waits. */
    void awaitHeld() throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!Files.exists(directory.resolve(HELD))) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("the agent doesn't come to the step in " + directory.resolve(HOLD));
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /** The agent may go on. */
    void release() throws IOException {
        Files.deleteIfExists(directory.resolve(HOLD));
    }
}

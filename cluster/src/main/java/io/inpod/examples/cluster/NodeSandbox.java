package io.inpod.examples.cluster;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A node in a sandbox: its own network, mounts, processes and cgroups, which {@link #close} removes with all that is in them. What the
 * machine has outside of {@code /etc}, {@code /opt}, {@code /var} and {@code /run} is visible inside. Thread-safe.
 */
public final class NodeSandbox implements AutoCloseable {
    private final Kit kit;
    private final Thread atExit;
    private final AtomicInteger started = new AtomicInteger();

    private NodeSandbox(Kit kit) {
        this.kit = kit;
        this.atExit = new Thread(() -> end(kit), "end of " + kit.name());
    }

    /**
     * Says whether this machine permits such a sandbox.
     *
     * @return why not, in words for a person; empty if it does
     * @throws IOException if that can't be asked
     * @throws InterruptedException if the thread was interrupted
     */
    public static Optional<String> refusal() throws IOException, InterruptedException {
        Kit kit = Kit.named("check");
        try {
            kit.run("check");
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    static NodeSandbox start(String name, String... options) throws IOException, InterruptedException {
        Kit kit = Kit.named(name);
        NodeSandbox sandbox = new NodeSandbox(kit);
        Runtime.getRuntime().addShutdownHook(sandbox.atExit);
        try {
            kit.run(Stream.concat(Stream.of("up"), Stream.of(options)).toArray(String[]::new));
            return sandbox;
        } catch (IOException | InterruptedException e) {
            sandbox.close();
            throw e;
        }
    }

    /**
     * Runs a command on the node, as root, to its end.
     *
     * @param command the command
     * @return what it printed
     * @throws IOException with what it printed, if its exit code isn't 0 or it takes longer than three minutes
     * @throws InterruptedException if the thread was interrupted
     */
    public String exec(String... command) throws IOException, InterruptedException {
        return kit.run(inside(command).toArray(String[]::new));
    }

    /**
     * Starts a program on the node, which ends with it.
     *
     * @param output where its output is appended to
     * @param environment variables that it gets in addition
     * @param command the command
     * @return the program, which has begun
     * @throws IOException if it can't be started
     * @throws InterruptedException if the thread was interrupted
     */
    public NodeProcess start(Path output, Map<String, String> environment, String... command) throws IOException, InterruptedException {
        Path pid = kit.state().resolve("pid").resolve("started-" + started.incrementAndGet());
        List<String> line = inside("sh", "-c", "echo $$ >\"$0.new\" && mv \"$0.new\" \"$0\" && exec \"$@\"", pid.toString());
        line.addAll(List.of(command));
        ProcessBuilder builder = kit.process(line).redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        builder.environment().putAll(environment);
        NodeProcess process = new NodeProcess(this, builder.start(), pid, output);
        while (!Files.exists(pid)) {
            if (!process.isAlive()) {
                throw new IOException(String.join(" ", command) + " can't be started: " + Files.readString(output));
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        return process;
    }

    private static List<String> inside(String... command) {
        List<String> line = new ArrayList<>(List.of("exec"));
        line.addAll(List.of(command));
        return line;
    }

    /**
     * Starts a program of the node again, and waits until it is ready.
     *
     * @param program the program
     * @throws IOException if it isn't ready in time
     * @throws InterruptedException if the thread was interrupted
     */
    public void start(Program program) throws IOException, InterruptedException {
        kit.run("start", program.toString());
    }

    /**
     * Ends a program of the node, and waits until it is gone.
     *
     * @param program the program
     * @param signal the signal's name without SIG, for example KILL
     * @throws IOException if it isn't running
     * @throws InterruptedException if the thread was interrupted
     */
    public void stop(Program program, String signal) throws IOException, InterruptedException {
        kit.run("stop", program.toString(), signal);
    }

    /**
     * Ends all processes and namespaces of the node, and starts it again with the same disk and address.
     *
     * @throws IOException if it doesn't become ready
     * @throws InterruptedException if the thread was interrupted
     */
    public void reboot() throws IOException, InterruptedException {
        kit.run("reboot");
    }

    /**
     * Makes an image of a directory and loads it into the container runtime.
     *
     * @param name its name, for example {@code localhost/agent:1}
     * @param directory the directory that becomes the root of containers
     * @param command what containers run by default
     * @throws IOException if it can't be made
     * @throws InterruptedException if the thread was interrupted
     */
    public void image(String name, Path directory, String... command) throws IOException, InterruptedException {
        kit.run(Stream.concat(Stream.of("image", name, directory.toString()), Stream.of(command)).toArray(String[]::new));
    }

    /**
     * Opens the node's network namespace, for example to capture what passes its links. A reboot makes another one.
     *
     * @return the namespace; to be closed by the caller
     * @throws IOException if it can't be opened
     */
    public NetworkNamespace network() throws IOException {
        return NetworkNamespace.open(Path.of("/proc", Long.toString(pid()), "ns/net"));
    }

    /**
     * Returns a path by which a file of the node can be reached from outside.
     *
     * @param path its absolute path on the node
     * @return the path
     * @throws IOException if the node isn't up
     */
    public Path file(String path) throws IOException {
        return Path.of("/proc/" + pid() + "/root" + path);
    }

    /** {@return the directory that contains all that the node writes, and is removed with it; at the same place inside and outside} */
    public Path state() {
        return kit.state();
    }

    /**
     * Returns the last lines of the logs of the node's programs.
     *
     * @return the lines
     * @throws IOException if they can't be read
     * @throws InterruptedException if the thread was interrupted
     */
    public String logs() throws IOException, InterruptedException {
        return kit.run("logs");
    }

    private long pid() throws IOException {
        return Long.parseLong(Files.readString(kit.state().resolve("sandbox")).split(" ", 2)[0]);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            return; // the hook is at work
        }
        end(kit);
    }

    private static void end(Kit kit) {
        try {
            kit.run("down");
        } catch (IOException e) {
            throw new IllegalStateException("the sandbox of a node remains: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

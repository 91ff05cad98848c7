package io.inpod.examples.nodeagent.kubernetes;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * A real API server with its etcd, in a sandbox of {@code cluster/cluster.sh}. It listens on the loopback of that sandbox; a relay makes it
 * reachable at a port of the test's own.
 */
final class ApiCluster implements AutoCloseable {
    private static final long LIMIT_SECONDS = 180;
    private final Path script;
    /** Not by pid, which is 1 in each sandbox of tests: cgroups are named after it, and those are the machine's. */
    private final String name = "agent-" + UUID.randomUUID().toString().substring(0, 8);
    private final Path state = Path.of("/tmp/inpod-kube-" + name);
    private final Set<Socket> sockets = Collections.synchronizedSet(new HashSet<>());
    private ServerSocket relay;

    ApiCluster() throws IOException, InterruptedException {
        script = script();
        try {
            run("up", "--api");
            relay = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            daemon(this::accept);
        } catch (IOException | InterruptedException e) {
            run("down");
            throw e;
        }
    }

    private static Path script() throws IOException {
        for (Path directory = Path.of("").toAbsolutePath(); directory != null; directory = directory.getParent()) {
            if (Files.isExecutable(directory.resolve("cluster/cluster.sh"))) {
                return directory.resolve("cluster/cluster.sh");
            }
        }
        throw new IOException("there is no cluster/cluster.sh above the working directory");
    }

    /** Runs a command of the script, and returns what it printed. */
    String run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile("cluster", ".txt");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(new File("/dev/null")).redirectOutput(output.toFile());
            builder.environment().put("KUBE_TEST_NAME", name);
            builder.environment().put("KUBE_TEST_STATE", state.toString());
            Process process = builder.start();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(command + " takes too long: " + Files.readString(output));
            }
            if (process.exitValue() != 0) {
                throw new IOException(command + " ended with " + process.exitValue() + ": " + Files.readString(output));
            }
            return Files.readString(output);
        } finally {
            Files.delete(output);
        }
    }

    String kubectl(String... arguments) throws IOException, InterruptedException {
        return run(java.util.stream.Stream.concat(java.util.stream.Stream.of("kubectl"), java.util.stream.Stream.of(arguments)).toArray(String[]::new));
    }

    /** Writes objects, as YAML. */
    void apply(String manifest) throws IOException, InterruptedException {
        Path file = Files.writeString(state.resolve("manifest.yaml"), manifest);
        kubectl("apply", "-f", file.toString());
    }

    int port() {
        return relay.getLocalPort();
    }

    Path authority() {
        return state.resolve("pki/ca.crt");
    }

    private void accept() {
        try {
            while (true) {
                Socket client = relay.accept();
                sockets.add(client);
                daemon(() -> forward(client));
            }
        } catch (IOException e) { // closed
            assert relay.isClosed();
        }
    }

    private void forward(Socket client) {
        try (client; NetworkNamespace sandbox = NetworkNamespace.ofProcess(pid())) {
            SocketChannel channel = JdkChannels.client(sandbox, SocketOptions.NONE);
            try (Socket server = channel.socket()) {
                server.connect(new InetSocketAddress("127.0.0.1", 6443));
                daemon(() -> copy(server, client));
                copy(client, server);
            }
        } catch (IOException e) { // the API server isn't there
            sockets.remove(client);
        }
    }

    private static void copy(Socket from, Socket to) {
        try (from; to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            in.transferTo(out);
        } catch (IOException e) { // one of them has ended
            assert from.isClosed();
        }
    }

    private int pid() throws IOException {
        return Integer.parseInt(Files.readString(state.resolve("sandbox")).split(" ", 2)[0]);
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "api-relay");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        relay.close();
        synchronized (sockets) {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        try {
            run("down");
        } catch (InterruptedException e) {
            throw new IOException("the sandbox " + name + " remains", e);
        }
    }
}

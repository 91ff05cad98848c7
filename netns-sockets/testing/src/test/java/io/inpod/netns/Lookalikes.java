package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Namespaces that all have the same address, with independent servers at the same ports, and the same in this process's own namespace: a
 * client that is in the wrong namespace gets an answer nevertheless, but with the name of the wrong one. See {@code lookalikes.py}.
 */
public final class Lookalikes implements AutoCloseable {
    /** The servers' address in each namespace. */
    public static final String ADDRESS = "10.99.0.1";
    /** The port where a server answers each line with its name. */
    public static final int GREETER = 7;

    private final List<NetworkNamespace> all = new ArrayList<>();
    private final Process servers;

    /** Creates the namespaces {@code pod-0} and so on, and starts the servers. */
    public Lookalikes(int count) throws IOException {
        List<String> command = new ArrayList<>(List.of("python3", script().toString(), ADDRESS));
        for (int i = 0; i < count; i++) {
            add(NetworkNamespace.create(), "pod-" + i, command);
        }
        add(NetworkNamespace.current(), "host", command);
        Tool.require("python3");
        servers = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        assertThat(servers.inputReader().readLine()).isEqualTo("ready");
    }

    private void add(NetworkNamespace namespace, String name, List<String> command) throws IOException {
        all.add(namespace);
        Tool.run(namespace, "ip", "link", "set", "lo", "up");
        Tool.run(namespace, "ip", "address", "add", ADDRESS + "/32", "dev", "lo");
        command.add(name + "=" + Tool.pathOf(namespace));
    }

    private static Path script() {
        return Path.of("src/test/resources/io/inpod/netns/lookalikes.py").toAbsolutePath();
    }

    /** The namespaces without this process's own; number i has the server {@code pod-i}. */
    public List<NetworkNamespace> pods() {
        return all.subList(0, all.size() - 1);
    }

    /** The address of every greeter. */
    public static InetSocketAddress greeter() {
        try {
            return new InetSocketAddress(InetAddress.getByName(ADDRESS), GREETER);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        try (NetworkNamespace own = all.get(all.size() - 1)) {
            servers.getOutputStream().close();
            assertThat(servers.waitFor()).isZero();
            Tool.run(own, "ip", "address", "delete", ADDRESS + "/32", "dev", "lo");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            pods().forEach(NetworkNamespace::close);
        }
    }
}

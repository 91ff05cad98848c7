package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.dns.DnsConfig;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Pods that all have the same address, with independent servers at the same ports, and the same in this process's own namespace: a client
 * that is in the wrong namespace gets an answer nevertheless, but with the name of the wrong one. See {@code lookalikes.py}.
 */
public final class Lookalikes implements AutoCloseable {
    /** The servers' address in each namespace. */
    public static final String ADDRESS = "10.99.0.1";
    /** The port where a server answers each line with its name. */
    public static final int GREETER = 7;
    /** Knows {@code web.test}, which has another address in each namespace. */
    public static final DnsConfig DNS = DnsConfig.ofServers(new InetSocketAddress(ADDRESS, 53));

    private final List<NetworkNamespace> all = new ArrayList<>();
    private final ChildProcess servers;
    private final int count;

    /** Creates the namespaces {@code pod-0} and so on, and starts the servers. */
    public Lookalikes(int count) throws IOException {
        Tool.require("/usr/bin/python3"); // the one that has the module h2
        this.count = count;
        List<String> command = new ArrayList<>(List.of("/usr/bin/python3", "-c", script(), ADDRESS));
        for (int i = 0; i < count; i++) {
            add(NetworkNamespace.create(name(i)), name(i), command);
        }
        add(NetworkNamespace.current(), "host", command);
        servers = ChildProcess.start(command);
        servers.expect("ready");
    }

    private void add(NetworkNamespace namespace, String name, List<String> command) throws IOException {
        all.add(namespace);
        Tool.run(namespace, "ip", "link", "set", "lo", "up");
        addresses(namespace, "add");
        command.add(name + "=" + Tool.pathOf(namespace));
    }

    private void addresses(NetworkNamespace namespace, String verb) throws IOException {
        for (String address : new String[] {ADDRESS, "10.98.0." + all.indexOf(namespace)}) {
            Tool.run(namespace, "ip", "address", verb, address + "/32", "dev", "lo");
        }
    }

    private static String script() throws IOException {
        try (InputStream source = Objects.requireNonNull(Lookalikes.class.getResourceAsStream("lookalikes.py"))) {
            return new String(source.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** The name of a pod, which is that of its servers too. */
    public static String name(int pod) {
        return "pod-" + pod;
    }

    /** The namespaces without this process's own, in the order of their names. */
    public List<NetworkNamespace> pods() {
        return all.subList(0, count);
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
        try (servers; NetworkNamespace own = all.get(count)) {
            servers.endInput();
            assertThat(servers.awaitExit()).isZero();
            addresses(own, "delete");
        } finally {
            for (int i = 0; i < count; i++) {
                pods().get(i).close();
                NetworkNamespace.delete(name(i));
            }
        }
    }
}

package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.dns.DnsConfig;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Twenty pods that all have the same address, and this process's own namespace as a decoy: a client in the wrong namespace gets an answer,
 * but with the wrong name. The servers are independent of this project, see {@code lookalikes.py}.
 */
final class Lookalikes implements AutoCloseable {
    static final String ADDRESS = "10.99.0.1";
    /** Knows {@code web.test}, which has another address in each namespace. */
    static final DnsConfig DNS = DnsConfig.ofServers(new InetSocketAddress(ADDRESS, 53));
    /** The names of the pods, which are those of their servers too. */
    static final List<String> NAMES = java.util.stream.IntStream.range(0, 20).mapToObj(i -> "pod-" + i).toList();

    private final List<NetworkNamespace> all = new ArrayList<>();
    private final List<String> addresses = new ArrayList<>();
    private final Process servers;

    Lookalikes() throws IOException {
        Tool.require("/usr/bin/python3"); // the one that has the module h2
        List<String> command = new ArrayList<>(List.of("/usr/bin/python3", Path.of("src/test/resources/lookalikes.py").toAbsolutePath().toString()));
        for (String name : NAMES) {
            add(NetworkNamespace.create(name), name, command);
        }
        add(NetworkNamespace.current(), "host", command);
        servers = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        if (!"ready".equals(servers.inputReader().readLine())) {
            close();
            throw new IOException("the servers haven't started");
        }
    }

    private void add(NetworkNamespace namespace, String name, List<String> command) throws IOException {
        addresses.add("10.98.0." + all.size() + "/32");
        all.add(namespace);
        change(namespace, "add");
        command.add(name + "=" + Tool.pathOf(namespace));
    }

    private void change(NetworkNamespace namespace, String verb) throws IOException {
        String own = addresses.get(all.indexOf(namespace));
        Tool.run(namespace, "sh", "-ec", "ip link set lo up; for a in " + ADDRESS + "/32 " + own + "; do ip address " + verb + " $a dev lo; done");
    }

    /** The pods, in the order of their names. */
    List<NetworkNamespace> pods() {
        return all.subList(0, NAMES.size());
    }

    @Override
    public void close() throws IOException {
        servers.getOutputStream().close();
        int result = servers.onExit().join().exitValue();
        change(all.get(NAMES.size()), "delete");
        all.forEach(NetworkNamespace::close);
        for (String name : NAMES) {
            NetworkNamespace.delete(name);
        }
        assertThat(result).isZero();
    }
}

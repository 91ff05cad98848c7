package io.inpod.examples.nodeagent.host;

import io.inpod.examples.nodeagent.pod.ProbeAddresses;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say what the agent may change in the node's own network namespace; a mix-in of picocli. */
public final class HostOptions {
    @Option(names = "--node-netns", paramLabel = "PATH",
            description = "the node's network namespace, for example /proc/1/ns/net: the agent installs rules there by which the node's "
                    + "processes, such as the kubelet with its health probes, reach enrolled pods past the proxy; default: none, the "
                    + "agent changes nothing on the node")
    private @Nullable Path node;

    @Option(names = "--node-backend", paramLabel = "NAME",
            description = "the back end that applies these rules; default: the one that holds them already, or else the best available. A "
                    + "wrong name lists them all")
    private @Nullable String backend;

    /** For picocli. */
    public HostOptions() {}

    /**
     * Returns the probe addresses as the options say.
     *
     * @param families the families that are redirected in the pods, at least one
     * @param log is told the choice of the back end
     * @return the addresses in the kernel, or ones that do nothing if there is no {@code --node-netns}
     * @throws IOException if the namespace can't be opened, or no back end is usable there
     */
    public ProbeAddresses probes(Set<IpFamily> families, Consumer<String> log) throws IOException {
        return node == null ? new Nothing() : NodeProbes.open(NetworkNamespace.open(node), backends(), EnumSet.copyOf(families), log);
    }

    /**
     * Returns the file that refers to the node's network namespace.
     *
     * @return the file; empty if the agent changes nothing on the node
     */
    public Optional<Path> node() {
        return Optional.ofNullable(node);
    }

    private List<Backend> backends() throws IOException {
        if (backend == null) {
            return Backends.all();
        }
        return List.of(Backends.named(backend).orElseThrow(() -> new IOException("--node-backend " + backend + " is none of "
                + Backends.all().stream().map(Backend::name).collect(Collectors.joining(", ")))));
    }

    /** For an agent that changes nothing on the node. */
    private record Nothing() implements ProbeAddresses {
        @Override
        public void put(String uid, Set<InetAddress> addresses) {
            // the node has no set
        }

        @Override
        public void remove(String uid) {
            // nor here
        }

        @Override
        public void keepExactly(Map<String, Set<InetAddress>> addresses) {
            // nor here
        }
    }
}

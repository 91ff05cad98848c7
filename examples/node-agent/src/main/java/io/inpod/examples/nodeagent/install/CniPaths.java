package io.inpod.examples.nodeagent.install;

import io.inpod.examples.cniplugin.NativePlugin;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that say where the CNI plugin is installed, and what it is told. */
public final class CniPaths {
    @Option(names = "--cni-bin-dir", paramLabel = "DIR", defaultValue = "${env:CNI_BIN_DIR:-/opt/cni/bin}",
            description = "where the runtime looks for CNI programs; default: $CNI_BIN_DIR or /opt/cni/bin")
    private Path binaries = Path.of("");

    @Option(names = "--cni-conf-dir", paramLabel = "DIR", defaultValue = "${env:CNI_CONF_DIR:-/etc/cni/net.d}",
            description = "where the runtime looks for network configurations; default: $CNI_CONF_DIR or /etc/cni/net.d")
    private Path configurations = Path.of("");

    @Option(names = "--cni-socket", paramLabel = "PATH", defaultValue = NativePlugin.DEFAULT_SOCKET,
            description = "the socket on which the agent listens for the plugin; default: " + NativePlugin.DEFAULT_SOCKET)
    private Path socket = Path.of("");

    @Option(names = "--exclude-namespaces", paramLabel = "NAME", split = ",", defaultValue = "kube-system",
            description = "namespaces whose pods are never in the mesh, and start without asking the agent; default: kube-system. "
                    + "The agent's own, $POD_NAMESPACE, is always one of them")
    private List<String> excluded = new ArrayList<>();

    @Option(names = "--cni-agent-namespace", paramLabel = "NAME", defaultValue = "${env:POD_NAMESPACE:-}", hidden = true)
    private String own = "";

    /** {@return the directory of network configurations} */
    public Path configurations() {
        return configurations;
    }

    /** {@return the socket on which the agent listens for the plugin} */
    public Path socket() {
        return socket;
    }

    /** {@return the namespaces whose pods are never in the mesh; a source of pods must exclude the same ones} */
    public List<String> excludedNamespaces() {
        List<String> all = new ArrayList<>(excluded);
        if (!own.isEmpty()) {
            all.add(own);
        }
        return all;
    }

    /** {@return an installer for these places} */
    public Installer installer() {
        return new Installer(binaries, configurations, new PluginEntry(socket.toAbsolutePath(), excludedNamespaces()));
    }
}

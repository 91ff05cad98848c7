package io.inpod.examples.nodeagent.kubernetes;

import io.inpod.examples.nodeagent.pod.PodSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the source that watches an API server. */
public final class KubernetesOptions {
    @Option(names = "--kubernetes",
            description = "learn from the API server which of the node's pods are in the mesh. In a pod, its service account is used; "
                    + "elsewhere, name a file with --kubeconfig")
    private boolean kubernetes;

    @Option(names = "--kubeconfig", paramLabel = "FILE", defaultValue = "${env:KUBECONFIG}",
            description = "how to reach the API server; default: $KUBECONFIG, else the service account of this pod")
    private @Nullable Path kubeconfig;

    @Option(names = "--node-name", paramLabel = "NAME", defaultValue = "${env:NODE_NAME:-}",
            description = "the name of this node in the cluster; default: $NODE_NAME")
    private String node = "";

    /** Creates options with their default values; only for the command line. */
    public KubernetesOptions() {}

    /** {@return whether an API server is to be watched} */
    public boolean wanted() {
        return kubernetes;
    }

    /**
     * Creates the source. It watches nothing before it is started.
     *
     * @param excluded the namespaces whose pods are never in the mesh
     * @return the source, to be closed
     * @throws IOException naming the option that is missing
     */
    public PodSource source(Collection<String> excluded) throws IOException {
        return source(excluded, System.getenv());
    }

    PodSource source(Collection<String> excluded, Map<String, String> environment) throws IOException {
        if (node.isEmpty()) {
            throw new IOException("the node's name isn't known; set NODE_NAME or --node-name (in a pod: from the field spec.nodeName)");
        }
        return new KubernetesPods(access(environment), node, new Selection(Set.copyOf(excluded)), ListWatch.Times.DEFAULT,
                WriteBack.Times.DEFAULT);
    }

    private ApiAccess access(Map<String, String> environment) throws IOException {
        if (kubeconfig != null && !kubeconfig.toString().isEmpty()) {
            return ApiAccess.kubeconfig(kubeconfig);
        }
        String host = environment.get("KUBERNETES_SERVICE_HOST");
        if (host == null) {
            throw new IOException("this process isn't in a pod; say with --kubeconfig how to reach the API server");
        }
        return ApiAccess.inCluster(host, environment.getOrDefault("KUBERNETES_SERVICE_PORT", "443"), ApiAccess.SERVICE_ACCOUNT);
    }
}

package io.inpod.examples.nodeagent.kubernetes;

import io.inpod.examples.nodeagent.pod.PodSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
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

    @Option(names = "--exclude-namespaces", paramLabel = "NAME", split = ",", defaultValue = "kube-system",
            description = "namespaces whose pods are never in the mesh, besides that of the agent ($POD_NAMESPACE); default: kube-system")
    private List<String> excluded = List.of();

    /** Creates options with their default values; only for the command line. */
    public KubernetesOptions() {}

    /** {@return whether an API server is to be watched} */
    public boolean wanted() {
        return kubernetes;
    }

    /**
     * Creates the source. It watches nothing before it is started.
     *
     * @return the source, to be closed
     * @throws IOException naming the option that is missing
     */
    public PodSource source() throws IOException {
        return source(System.getenv());
    }

    PodSource source(Map<String, String> environment) throws IOException {
        if (node.isEmpty()) {
            throw new IOException("the node's name isn't known; set NODE_NAME or --node-name (in a pod: from the field spec.nodeName)");
        }
        Set<String> never = new HashSet<>(excluded);
        never.remove("");
        String own = environment.getOrDefault("POD_NAMESPACE", "");
        if (!own.isEmpty()) {
            never.add(own);
        }
        return new KubernetesPods(access(environment), node, new Selection(never), ListWatch.Times.DEFAULT, WriteBack.Times.DEFAULT);
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

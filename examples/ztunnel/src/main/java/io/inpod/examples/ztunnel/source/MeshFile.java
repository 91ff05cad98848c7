package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the local configuration of Istio's ztunnel, in YAML or JSON. Features that this version can't enforce (policies, services,
 * waypoints, gateways, application tunnels) and unknown keys are errors, never ignored: an overlooked policy would allow what it forbids.
 */
public final class MeshFile {
    private MeshFile() {}

    /**
     * Reads the mesh that a configuration names.
     *
     * @param config the configuration, with LOCAL_XDS_PATH or LOCAL_XDS
     * @return the mesh
     * @throws ConfigException naming file, place and key
     */
    public static Mesh read(ProxyConfig config) throws ConfigException {
        Path path = config.localXdsPath();
        String inline = config.localXds();
        if (path == null) {
            return parse("LOCAL_XDS", inline == null ? "" : inline, config);
        }
        try {
            return parse(path.toString(), Files.readString(path), config);
        } catch (NoSuchFileException e) {
            throw new ConfigException("LOCAL_XDS_PATH: can't read " + path + ": no such file", e);
        } catch (IOException e) {
            throw new ConfigException("LOCAL_XDS_PATH: can't read " + path + ": " + e, e);
        } catch (OutOfMemoryError e) {
            throw new ConfigException("LOCAL_XDS_PATH: " + path + " doesn't fit into a heap of "
                    + (Runtime.getRuntime().maxMemory() >> 20) + " MiB; raise it with -Xmx", e);
        }
    }

    /**
     * Reads a mesh.
     *
     * @param source the source of the text, for errors
     * @param text YAML or JSON
     * @param config supplies defaults
     * @return the mesh
     * @throws ConfigException naming source, place and key
     */
    static Mesh parse(String source, String text, ProxyConfig config) throws ConfigException {
        Located document = DocumentReader.read(source, forYaml(text));
        Node root = new Node(source, "", document.value() == null ? new Located(document.line(), Map.of()) : document);
        root.allow("workloads", "policies", "services");
        root.refuseUnlessEmpty("policies", "services");
        List<Workload> workloads = new ArrayList<>();
        Set<String> uids = new HashSet<>();
        for (Node node : root.list("workloads")) {
            Workload workload = workload(node, config);
            if (!workload.uid().isEmpty() && !uids.add(workload.uid())) {
                throw node.error("uid", "there is another workload with uid " + workload.uid());
            }
            workloads.add(workload);
        }
        MeshChange change = Mesh.EMPTY.change();
        for (int i = 0; i < workloads.size(); i++) {
            Workload workload = workloads.get(i);
            change.put(workload.uid().isEmpty() ? workload.withUid("workloads[" + i + "]") : workload);
        }
        return change.build();
    }

    /** JSON may be indented with tabs, which YAML forbids; its strings can't contain them. */
    private static String forYaml(String text) {
        String withoutMark = text.startsWith("\ufeff") ? text.substring(1) : text;
        return withoutMark.stripLeading().startsWith("{") ? withoutMark.replace('\t', ' ') : withoutMark;
    }

    private static Workload workload(Node node, ProxyConfig config) throws ConfigException {
        node.allow("uid", "name", "namespace", "serviceAccount", "trustDomain", "workloadIps", "network", "hostname", "node", "protocol",
                "networkMode", "workloadName", "workloadType", "canonicalName", "canonicalRevision", "nativeTunnel", "status", "clusterId",
                "locality", "capacity", "waypoint", "networkGateway", "applicationTunnel", "authorizationPolicies", "services");
        node.refuseUnlessEmpty("waypoint", "networkGateway", "applicationTunnel", "authorizationPolicies", "services");
        node.text("status", "Healthy", "Healthy", "Unhealthy");
        node.flag("nativeTunnel"); // the peer terminates tunnels itself: no difference to this proxy
        node.nested("locality").allow("region", "zone", "subzone");
        node.checkNumber("capacity");
        Workload workload = Workload.builder(node.text("uid", ""), node.required("namespace"))
                .name(node.text("name", ""))
                .serviceAccount(node.text("serviceAccount", "default"))
                .trustDomain(node.text("trustDomain", config.trustDomain()))
                .addresses(node.addresses("workloadIps"))
                .network(node.text("network", ""))
                .hostname(node.text("hostname", ""))
                .node(node.text("node", ""))
                .hostNetwork(node.text("networkMode", "Standard", "Standard", "HostNetwork").equals("HostNetwork"))
                .hbone(node.text("protocol", "TCP", "TCP", "HBONE").equals("HBONE"))
                .telemetry(new Telemetry(
                        node.text("workloadType", "deployment").toLowerCase(java.util.Locale.ROOT),
                        node.text("workloadName", ""),
                        node.text("canonicalName", ""),
                        node.text("canonicalRevision", ""),
                        node.text("clusterId", config.clusterId())))
                .build();
        try {
            workload.identity();
        } catch (IllegalArgumentException e) {
            throw node.error("", e.getMessage());
        }
        return workload;
    }
}

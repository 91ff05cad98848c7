package io.inpod.examples.nodeagent.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.examples.nodeagent.pod.IpLiteral;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pod as the API server describes it: as much of it as decides something.
 *
 * @param key the uid of the object
 * @param version its version
 * @param node the node to which it is bound; empty before
 * @param mode its label {@link Selection#MODE}; empty without one
 * @param hostNetwork whether it has no network namespace of its own
 * @param sidecar whether a proxy was injected into it
 * @param ended whether it has succeeded or failed, so that nothing runs in it any more
 * @param redirection its annotation {@link #REDIRECTION}; null without one
 * @param pod what it should be as a member of the mesh. The uid of a static pod is the kubelet's
 */
record ApiPod(String key, long version, String node, String mode, boolean hostNetwork, boolean sidecar, boolean ended,
        @Nullable String redirection, MeshPod pod) implements Versioned {
    /** The annotation in which others read whether the pod's traffic is redirected. */
    static final String REDIRECTION = "ambient.istio.io/redirection";
    private static final String SIDECAR = "sidecar.istio.io/status";
    /** The annotations that the API's copy of a static pod has. The runtime knows such a pod by the hash. */
    private static final String MIRROR = "kubernetes.io/config.mirror";
    private static final String HASH = "kubernetes.io/config.hash";
    private static final List<String> OVERRIDES = List.of(PodOverrides.DNS_CAPTURE, PodOverrides.BYPASS_INBOUND_CAPTURE,
            PodOverrides.REROUTE_VIRTUAL_INTERFACES);

    static ApiPod read(JsonNode object) throws IOException {
        JsonNode metadata = object.path("metadata");
        JsonNode annotations = metadata.path("annotations");
        JsonNode spec = object.path("spec");
        JsonNode status = object.path("status");
        String phase = status.path("phase").asText("");
        String key = metadata.path("uid").asText();
        String uid = annotations.has(MIRROR) && annotations.has(HASH) ? annotations.path(HASH).asText() : key;
        var info = new WorkloadInfo(metadata.path("name").asText(), metadata.path("namespace").asText(),
                spec.path("serviceAccountName").asText("default"));
        return new ApiPod(key, Versioned.versionOf(object), spec.path("nodeName").asText(""),
                metadata.path("labels").path(Selection.MODE).asText(""), spec.path("hostNetwork").asBoolean(false),
                annotations.has(SIDECAR), phase.equals("Succeeded") || phase.equals("Failed"),
                annotations.has(REDIRECTION) ? annotations.path(REDIRECTION).asText() : null,
                meshPod(uid, info, annotations, addresses(status)));
    }

    private static MeshPod meshPod(String uid, WorkloadInfo info, JsonNode annotations, Set<InetAddress> addresses) {
        Map<String, String> named = new HashMap<>();
        for (String name : OVERRIDES) {
            if (annotations.has(name)) {
                named.put(name, annotations.path(name).asText());
            }
        }
        try {
            return new MeshPod(uid, info, PodOverrides.ofAnnotations(named), addresses, null, null);
        } catch (IllegalArgumentException e) {
            return new MeshPod(uid, info, PodOverrides.NONE, addresses, null, e.getMessage());
        }
    }

    private static Set<InetAddress> addresses(JsonNode status) {
        Set<InetAddress> addresses = new HashSet<>();
        for (JsonNode entry : status.path("podIPs")) {
            IpLiteral.parse(entry.path("ip").asText("")).ifPresent(addresses::add);
        }
        return addresses;
    }

    String namespace() {
        return pod.info().namespace();
    }

    String name() {
        return pod.info().name();
    }
}

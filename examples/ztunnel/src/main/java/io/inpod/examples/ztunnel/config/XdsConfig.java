package io.inpod.examples.ztunnel.config;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The control plane from which the mesh comes, and what it is told about this proxy.
 *
 * @param server XDS_ADDRESS, XDS_ROOT_CA, ALT_XDS_HOSTNAME, AUTH_TOKEN, XDS_HEADER_*: where it is
 * @param nodeId INSTANCE_IP, POD_NAME, POD_NAMESPACE: the proxy's name in the control plane's terms
 * @param metadata ISTIO_META_*, ISTIO_METAJSON_* and what the names above say: texts, numbers (Double), truth values, lists, maps and nulls
 * @param onDemand XDS_ON_DEMAND: whether only those workloads and services are asked for that a connection needs
 */
public record XdsConfig(ControlPlane server, String nodeId, Map<String, @Nullable Object> metadata, boolean onDemand) {
    private static final String META = "ISTIO_META_";
    private static final String META_JSON = "ISTIO_METAJSON_";

    /** Makes the map unmodifiable. */
    public XdsConfig {
        metadata = Collections.unmodifiableMap(metadata);
    }

    /** Returns null if the mesh doesn't come from a control plane. */
    static @Nullable XdsConfig from(Variables env, boolean hasLocal) throws ConfigException {
        String onKubernetes = env.text("KUBERNETES_SERVICE_HOST", "").isEmpty() || hasLocal ? "" : "https://istiod.istio-system.svc:15012";
        String address = env.text("XDS_ADDRESS", onKubernetes);
        boolean onDemand = env.flag("XDS_ON_DEMAND", false);
        if (onDemand && env.flag("ISTIO_META_DNS_CAPTURE", env.flag("DNS_CAPTURE", false))) {
            throw new ConfigException(
                    "XDS_ON_DEMAND=true excludes ISTIO_META_DNS_CAPTURE=true: the DNS proxy must know all names of the mesh");
        }
        if (address.isEmpty()) {
            if (onDemand) {
                throw new ConfigException("XDS_ON_DEMAND=true needs a control plane: set XDS_ADDRESS, or unset it");
            }
            return null;
        }
        ControlPlane server = ControlPlane.of(env, "XDS_ADDRESS", address, ServerRoots.of(env.text("XDS_ROOT_CA", "")),
                env.text("ALT_XDS_HOSTNAME", ""), ControlPlane.headers(env, "XDS_HEADER_"));
        String ip = env.text("INSTANCE_IP", "1.1.1.1");
        String pod = env.text("POD_NAME", "");
        String namespace = env.text("POD_NAMESPACE", "");
        Map<String, @Nullable Object> metadata = new TreeMap<>();
        metadata.put("NAME", pod);
        metadata.put("NAMESPACE", namespace);
        metadata.put("INSTANCE_IPS", ip);
        metadata.put("NODE_NAME", env.text("NODE_NAME", ""));
        metadata.putAll(env.beginningWith(META));
        for (Map.Entry<String, String> variable : env.beginningWith(META_JSON).entrySet()) {
            metadata.put(variable.getKey(), JsonText.parse(META_JSON + variable.getKey(), variable.getValue()));
        }
        String id = "ztunnel~" + ip + "~" + pod + "." + namespace + "~" + namespace + ".svc.cluster.local";
        return new XdsConfig(server, id, metadata, onDemand);
    }
}

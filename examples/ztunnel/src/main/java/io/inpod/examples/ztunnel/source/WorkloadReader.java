package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.ApplicationTunnel;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Locality;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads a workload. */
final class WorkloadReader {
    private static final Set<String> KEYS = Set.of("uid", "name", "namespace", "serviceAccount", "trustDomain", "workloadIps", "network",
            "hostname", "node", "protocol", "networkMode", "workloadName", "workloadType", "canonicalName", "canonicalRevision",
            "nativeTunnel",
            "status", "clusterId", "locality", "capacity", "waypoint", "networkGateway", "applicationTunnel", "authorizationPolicies",
            "services");
    private static final long MOST_CAPACITY = 0xffff_ffffL; // uint32 in Istio's workload.proto

    private final ProxyConfig defaults;
    private final Interner interner;

    WorkloadReader(ProxyConfig defaults, Interner interner) {
        this.defaults = defaults;
        this.interner = interner;
    }

    /** Reads a workload; without a uid, it gets one from its place in the file. */
    Workload read(Node node, int index) throws ConfigException {
        node.allow(KEYS);
        String uid = node.get("uid").text("");
        String namespace = interner.one(node.get("namespace").nonempty());
        return Workload.builder(uid.isEmpty() ? "workloads[" + index + "]" : uid, namespace, identity(node, namespace))
                .name(node.get("name").text(""))
                .addresses(addresses(node.get("workloadIps")))
                .network(interner.one(node.get("network").text("")))
                .hostname(hostname(node.get("hostname")))
                .node(interner.one(node.get("node").text("")))
                .hostNetwork(is("HostNetwork", node.get("networkMode"), "Standard"))
                .hbone(is("HBONE", node.get("protocol"), "TCP"))
                .nativeTunnel(node.get("nativeTunnel").flag(false))
                .healthy(!is("Unhealthy", node.get("status"), "Healthy"))
                .capacity(node.get("capacity").isAbsent() ? 1 : node.get("capacity").number(0, MOST_CAPACITY))
                .locality(locality(node.get("locality")))
                .telemetry(telemetry(node))
                .waypoint(gateway(node.get("waypoint")))
                .networkGateway(gateway(node.get("networkGateway")))
                .applicationTunnel(applicationTunnel(node.get("applicationTunnel")))
                .policies(policies(node.get("authorizationPolicies")))
                .services(services(node.get("services")))
                .build();
    }

    private SpiffeId identity(Node node, String namespace) throws ConfigException {
        String domain = node.get("trustDomain").text(defaults.trustDomain());
        String account = node.get("serviceAccount").text("default");
        try {
            return interner.one(new SpiffeId(domain, namespace, account));
        } catch (IllegalArgumentException e) {
            throw node.error(String.valueOf(e.getMessage()));
        }
    }

    private static boolean is(String word, Node node, String otherwise) throws ConfigException {
        return !node.isAbsent() && node.word(otherwise, word).equals(word);
    }

    private static List<InetAddress> addresses(Node node) throws ConfigException {
        Set<InetAddress> addresses = new LinkedHashSet<>();
        for (Node item : node.required().items()) {
            addresses.add(Addresses.ip(item));
        }
        return List.copyOf(addresses);
    }

    private static String hostname(Node node) throws ConfigException {
        String name = node.text("");
        return name.isEmpty() ? "" : Hostnames.exact(node, name);
    }

    private Locality locality(Node node) throws ConfigException {
        node.allow(Set.of("region", "zone", "subzone"));
        return interner.one(new Locality(node.get("region").text(""), node.get("zone").text(""), node.get("subzone").text("")));
    }

    private Telemetry telemetry(Node node) throws ConfigException {
        return interner.one(new Telemetry(interner.one(node.get("workloadType").text("deployment").toLowerCase(Locale.ROOT)),
                interner.one(node.get("workloadName").text("")), interner.one(node.get("canonicalName").text("")),
                interner.one(node.get("canonicalRevision").text("")), interner.one(node.get("clusterId").text(defaults.clusterId()))));
    }

    private @Nullable Gateway gateway(Node node) throws ConfigException {
        Gateway gateway = References.gateway(node);
        return gateway == null ? null : interner.one(gateway);
    }

    private @Nullable ApplicationTunnel applicationTunnel(Node node) throws ConfigException {
        node.allow(Set.of("protocol", "port"));
        if (node.isAbsent()) {
            return null;
        }
        ApplicationTunnel.Protocol protocol = ApplicationTunnel.Protocol.valueOf(node.get("protocol").word("NONE", "PROXY"));
        return interner.one(new ApplicationTunnel(protocol, node.get("port").isAbsent() ? null : References.port(node.get("port"))));
    }

    private List<String> policies(Node node) throws ConfigException {
        Set<String> names = new LinkedHashSet<>();
        for (Node item : node.items()) {
            names.add(interner.one(References.policy(item)));
        }
        return interner.one(List.copyOf(names));
    }

    private Map<ServiceName, Ports> services(Node node) throws ConfigException {
        Map<ServiceName, Ports> services = new HashMap<>();
        for (Node entry : node.entries()) {
            ServiceName name = interner.one(References.service(entry, entry.name()));
            if (services.put(name, interner.one(new Ports(References.ports(entry, 1)))) != null) {
                throw entry.error("there is the same service in another spelling");
            }
        }
        return interner.one(Map.copyOf(services));
    }
}

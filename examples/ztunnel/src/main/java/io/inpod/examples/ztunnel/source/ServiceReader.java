package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.NetworkBlock;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import io.inpod.hbone.identity.SpiffeId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads a service. */
final class ServiceReader {
    private static final Set<String> KEYS = Set.of("name", "namespace", "hostname", "vips", "cidrVips", "ports", "endpoints",
            "subjectAltNames", "waypoint", "weightedWaypoints", "loadBalancer", "ipFamilies", "canonical", "visibility");
    private static final long MOST_WEIGHT = 0xffff_ffffL; // uint32 in Istio's workload.proto

    private final Interner interner;

    ServiceReader(Interner interner) {
        this.interner = interner;
    }

    Service read(Node node) throws ConfigException {
        node.allow(KEYS);
        Node hostname = node.get("hostname");
        return Service.builder(interner.one(node.get("namespace").nonempty()), Hostnames.withWildcard(hostname, hostname.nonempty()))
                .name(node.get("name").nonempty())
                .addresses(addresses(node.get("vips")))
                .blocks(blocks(node.get("cidrVips")))
                .ports(interner.one(new Ports(References.ports(node.get("ports"), 0))))
                .endpoints(endpoints(node.get("endpoints")))
                .subjectAltNames(subjectAltNames(node.get("subjectAltNames")))
                .waypoint(References.gateway(node.get("waypoint")))
                .weightedWaypoints(weightedWaypoints(node.get("weightedWaypoints")))
                .loadBalancing(loadBalancing(node.get("loadBalancer")))
                .ipFamilies(ipFamilies(node.get("ipFamilies")))
                .canonical(node.get("canonical").flag(false))
                .ofNamespaceOnly(!node.get("visibility").isAbsent()
                        && node.get("visibility").word("Public", "Namespace").equals("Namespace"))
                .build();
    }

    private static List<NetworkAddress> addresses(Node node) throws ConfigException {
        Set<NetworkAddress> addresses = new LinkedHashSet<>();
        for (Node item : node.items()) {
            addresses.add(References.networkAddress(item));
        }
        return List.copyOf(addresses);
    }

    private static List<NetworkBlock> blocks(Node node) throws ConfigException {
        Set<NetworkBlock> blocks = new LinkedHashSet<>();
        for (Node item : node.items()) {
            item.allow(Set.of("network", "cidr"));
            blocks.add(new NetworkBlock(item.get("network").text(""), Addresses.block(item.get("cidr"))));
        }
        return List.copyOf(blocks);
    }

    private Map<String, Endpoint> endpoints(Node node) throws ConfigException {
        Map<String, Endpoint> endpoints = new HashMap<>();
        for (Node entry : node.entries()) {
            entry.allow(Set.of("workloadUid", "port", "status"));
            String uid = entry.get("workloadUid").text(entry.name());
            if (uid.isEmpty()) {
                throw entry.error("names no workload");
            }
            boolean healthy = entry.get("status").isAbsent() || entry.get("status").word("Healthy", "Unhealthy").equals("Healthy");
            if (endpoints.put(uid, new Endpoint(uid, interner.one(new Ports(References.ports(entry.get("port"), 1))), healthy)) != null) {
                throw entry.error("there is another endpoint with the workload " + uid);
            }
        }
        return endpoints;
    }

    private static List<String> subjectAltNames(Node node) throws ConfigException {
        Set<String> names = new LinkedHashSet<>();
        for (Node item : node.items()) {
            try {
                names.add(SpiffeId.parseAnyPath(item.text()).toString());
            } catch (IllegalArgumentException e) {
                throw item.error(String.valueOf(e.getMessage()));
            }
        }
        return List.copyOf(names);
    }

    /** Takes the waypoint of a weight as a text or, as the original shows it, as a map of its own. */
    private List<WeightedGateway> weightedWaypoints(Node node) throws ConfigException {
        List<WeightedGateway> waypoints = new ArrayList<>();
        for (Node item : node.items()) {
            item.allow(Set.of("destination", "hboneMtlsPort", "weight"));
            Node destination = item.get("destination").required();
            Gateway gateway = References.gateway(destination.isText() ? destination : nested(item, destination),
                    destination.isText() ? item.get("hboneMtlsPort") : destination.get("hboneMtlsPort"));
            waypoints.add(new WeightedGateway(interner.one(gateway), item.get("weight").number(0, MOST_WEIGHT)));
        }
        return waypoints;
    }

    private static Node nested(Node item, Node destination) throws ConfigException {
        destination.allow(Set.of("destination", "hboneMtlsPort"));
        if (!item.get("hboneMtlsPort").isAbsent()) {
            throw item.get("hboneMtlsPort").error("belongs into destination, which is a map");
        }
        return destination.get("destination");
    }

    private LoadBalancing loadBalancing(Node node) throws ConfigException {
        node.allow(Set.of("routingPreferences", "mode", "healthPolicy"));
        List<LoadBalancing.Scope> preferences = new ArrayList<>();
        for (Node item : node.get("routingPreferences").items()) {
            LoadBalancing.Scope scope = item.constant(LoadBalancing.Scope.values());
            if (preferences.contains(scope)) {
                throw item.error("is there twice");
            }
            preferences.add(scope);
        }
        Node health = node.get("healthPolicy");
        return interner
                .one(new LoadBalancing(preferences, node.get("mode").constant(LoadBalancing.Mode.values(), LoadBalancing.Mode.STANDARD),
                        !health.isAbsent() && health.word("OnlyHealthy", "AllowAll").equals("AllowAll")));
    }

    private static IpFamilies ipFamilies(Node node) throws ConfigException {
        return node.isAbsent() ? IpFamilies.AUTOMATIC : switch (node.word("IPv4", "IPv6", "Dual")) {
            case "IPv4" -> IpFamilies.IPV4;
            case "IPv6" -> IpFamilies.IPV6;
            default -> IpFamilies.DUAL;
        };
    }
}

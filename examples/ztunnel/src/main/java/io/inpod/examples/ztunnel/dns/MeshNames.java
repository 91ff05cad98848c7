package io.inpod.examples.ztunnel.dns;

import io.inpod.examples.ztunnel.mesh.AutoAddress;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the names of services and workloads, as a pod in a namespace writes them.
 *
 * @param domain the cluster's DNS domain, such as {@code cluster.local}
 * @param preferredNamespace the Kubernetes namespace whose service counts if several have the same hostname and none is the pod's or
 *     canonical, or ""
 */
public record MeshNames(String domain, String preferredNamespace) {
    private static final int MOST_LABELS = 4;

    /**
     * Finds a name.
     *
     * @param mesh the state of the mesh
     * @param client the pod that asks
     * @param name the name in any case, with or without the dot at its end
     * @return empty if it is no name of the mesh, so that others must be asked
     */
    public Optional<NameAnswer> find(Mesh mesh, Workload client, String name) {
        String asked = name.toLowerCase(Locale.ROOT);
        String whole = asked.endsWith(".") ? asked.substring(0, asked.length() - 1) : asked;
        if (whole.isEmpty()) {
            return Optional.empty();
        }
        Optional<NameAnswer> found = findAny(mesh, client, forms(whole, client), null);
        if (found.isPresent()) {
            return found;
        }
        for (String search : List.of(client.namespace() + ".svc." + domain, "svc." + domain, domain)) {
            if (whole.endsWith("." + search)) {
                String stripped = whole.substring(0, whole.length() - search.length() - 1);
                Optional<NameAnswer> shorter = findAny(mesh, client, forms(stripped, client), stripped);
                if (shorter.isPresent()) {
                    return shorter;
                }
            }
        }
        return Optional.empty();
    }

    /** A name of one to four labels may lack the namespace, {@code svc} and the domain. */
    private Set<String> forms(String name, Workload client) {
        Set<String> forms = new LinkedHashSet<>();
        forms.add(name);
        String[] labels = name.split("\\.", -1);
        if (labels.length == 1) {
            forms.add(name + "." + client.namespace() + ".svc." + domain);
        } else if (labels.length == 2) {
            forms.add(name + ".svc." + domain);
        } else if (labels.length <= MOST_LABELS && labels[2].equals("svc")) {
            forms.add(labels[0] + "." + labels[1] + ".svc." + domain);
        }
        return forms;
    }

    private Optional<NameAnswer> findAny(Mesh mesh, Workload client, Set<String> forms, @Nullable String alias) {
        for (String form : forms) {
            Optional<List<InetAddress>> addresses = exactly(mesh, client, form);
            if (addresses.isPresent()) {
                return addresses.map(list -> new NameAnswer(alias, list));
            }
        }
        if (alias == null) {
            for (String form : forms) {
                for (int dot = form.indexOf('.'); dot >= 0; dot = form.indexOf('.', dot + 1)) { // the most specific first
                    Optional<List<InetAddress>> addresses = exactly(mesh, client, "*" + form.substring(dot));
                    if (addresses.isPresent()) {
                        return addresses.map(list -> new NameAnswer(null, list));
                    }
                }
            }
        }
        return Optional.empty();
    }

    private Optional<List<InetAddress>> exactly(Mesh mesh, Workload client, String hostname) {
        Optional<Service> service = mesh.servicesNamed(hostname).stream().filter(s -> s.isVisibleTo(client.namespace()))
                .min(Comparator.comparing((Service s) -> !s.namespace().equals(client.namespace()))
                        .thenComparing(s -> !s.canonical()).thenComparing(s -> !s.namespace().equals(preferredNamespace))
                        .thenComparing(s -> s.hostname().toString()));
        if (service.isPresent()) {
            return addresses(mesh, client, service.get());
        }
        List<InetAddress> ofWorkloads = mesh.named(hostname).stream().flatMap(w -> w.addresses().stream()).distinct().toList();
        return ofWorkloads.isEmpty() ? Optional.empty() : Optional.of(ofWorkloads);
    }

    private Optional<List<InetAddress>> addresses(Mesh mesh, Workload client, Service service) {
        List<InetAddress> virtual = service.addresses().stream().filter(address -> address.network().equals(client.network()))
                .map(NetworkAddress::address).toList();
        if (!service.addresses().isEmpty()) {
            return Optional.of(allowed(service, virtual));
        }
        if (service.hostname().hostname().endsWith(".svc." + domain)) { // headless: its endpoints are meant
            List<InetAddress> endpoints = new ArrayList<>();
            mesh.endpoints(service.hostname()).stream().filter(endpoint -> endpoint.healthy() || service.loadBalancing().unhealthyToo())
                    .map(endpoint -> mesh.workload(endpoint.workloadUid()).orElse(null)).filter(Objects::nonNull)
                    .filter(w -> w.healthy() || service.loadBalancing().unhealthyToo())
                    .filter(w -> w.network().equals(client.network())).forEach(w -> endpoints.addAll(w.addresses()));
            return Optional.of(allowed(service, endpoints.stream().distinct().toList()));
        }
        if (!service.hasAutoAddress()) {
            return Optional.empty();
        }
        List<InetAddress> automatic = AutoAddress.of(service.hostname()).stream()
                .filter(address -> mesh.servicesAt(client.network(), address).contains(service)).toList();
        return automatic.isEmpty() ? Optional.empty() : Optional.of(allowed(service, automatic));
    }

    private static List<InetAddress> allowed(Service service, List<InetAddress> addresses) {
        return addresses.stream().filter(service.ipFamilies()::allow).toList();
    }
}

package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Mesh.ServiceBlock;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which service a client means. Of several with the same address or name, its own namespace's counts, else the canonical one. */
final class ServiceLookup {
    private ServiceLookup() {}

    /** Returns the service with exactly this address. */
    static @Nullable Service at(Question question, InetAddress address) {
        Workload source = question.source();
        Service exact = best(question.mesh().servicesAt(source.network(), address), source);
        if (exact != null) {
            question.trace().step(() -> address.getHostAddress() + " is an address of the service " + exact.hostname());
        }
        return exact;
    }

    /** Returns the service with the smallest block around this address. */
    static @Nullable Service around(Question question, InetAddress address) {
        Workload source = question.source();
        ServiceBlock around = bestBlock(question.mesh().servicesAround(source.network(), address), source);
        if (around == null) {
            return null;
        }
        question.trace().step(
                () -> address.getHostAddress() + " is in " + around.block() + ", a block of the service " + around.service().hostname());
        return around.service();
    }

    /** Returns the service with exactly this name. */
    static @Nullable Service named(Question question, String hostname) {
        Service service = best(question.mesh().servicesNamed(hostname), question.source());
        if (service != null) {
            question.trace().step(() -> hostname + " is the service " + service.hostname());
        }
        return service;
    }

    /** Returns the service whose wildcard covers this name, the longest one. */
    static @Nullable Service covering(Question question, String hostname) {
        for (String wildcard : wildcards(hostname)) {
            Service service = best(question.mesh().servicesNamed(wildcard), question.source());
            if (service != null) {
                question.trace().step(() -> hostname + " is covered by the service " + service.hostname());
                return service;
            }
        }
        return null;
    }

    /** Whether there are services with this address, of which the client sees none. */
    static boolean isHidden(Question question, InetAddress address) {
        String network = question.source().network();
        return !question.mesh().servicesAt(network, address).isEmpty() || !question.mesh().servicesAround(network, address).isEmpty();
    }

    /** Whether there are services with this name, of which the client sees none. */
    static boolean isHidden(Question question, String hostname) {
        return !question.mesh().servicesNamed(hostname).isEmpty()
                || wildcards(hostname).stream().anyMatch(wildcard -> !question.mesh().servicesNamed(wildcard).isEmpty());
    }

    /** The wildcards that cover a name, the longest first. */
    private static List<String> wildcards(String hostname) {
        List<String> wildcards = new ArrayList<>();
        for (int dot = hostname.indexOf('.'); dot >= 0; dot = hostname.indexOf('.', dot + 1)) {
            wildcards.add("*" + hostname.substring(dot));
        }
        return wildcards;
    }

    private static @Nullable Service best(List<Service> services, Workload source) {
        Service best = null;
        for (Service service : services) {
            if (service.isVisibleTo(source.namespace()) && (best == null || rank(service, source) > rank(best, source))) {
                best = service;
            }
        }
        return best;
    }

    private static int rank(Service service, Workload source) {
        return service.namespace().equals(source.namespace()) ? 2 : service.canonical() ? 1 : 0;
    }

    /** The namespace counts more than the size of the block, and that more than whether a service is canonical. */
    private static @Nullable ServiceBlock bestBlock(List<ServiceBlock> smallestFirst, Workload source) {
        ServiceBlock best = null;
        for (ServiceBlock candidate : smallestFirst) {
            if (candidate.service().isVisibleTo(source.namespace()) && (best == null || isBetter(candidate, best, source))) {
                best = candidate;
            }
        }
        return best;
    }

    private static boolean isBetter(ServiceBlock candidate, ServiceBlock best, Workload source) {
        boolean own = candidate.service().namespace().equals(source.namespace());
        boolean bestOwn = best.service().namespace().equals(source.namespace());
        if (own != bestOwn) {
            return own;
        }
        return candidate.block().length() == best.block().length() && candidate.service().canonical() && !best.service().canonical();
    }
}

package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.ControlReply;
import io.inpod.examples.nodeagent.control.Inspected;
import io.inpod.examples.nodeagent.enrol.EnrolledPod;
import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.enrol.PodStatus;
import io.inpod.examples.nodeagent.enrol.Reconciler;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells what an agent knows of one pod.
 *
 * @param proxyCgroups the cgroups that may use the proxy's mark
 * @param node a file that refers to the node's namespace; null if the agent changes nothing there
 */
record Inspection(Reconciler reconciler, PodSource source, NamespaceFinder finder, ZdsServer proxies, PodRedirection redirection,
        Supplier<List<String>> proxyCgroups, @Nullable String node) {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Looks at a pod that is given by its uid, or by its names. */
    Inspected of(@Nullable String uid, @Nullable String namespace, @Nullable String name) throws IOException, InterruptedException {
        Optional<PodStatus> status = reconciler.list().stream().filter(pod -> uid != null ? pod.uid().equals(uid)
                : pod.info().namespace().equals(namespace) && pod.info().name().equals(name)).findFirst();
        if (status.isEmpty()) {
            if (namespace == null || name == null) {
                throw new AgentException("pod " + uid + " is unknown");
            }
            return new Inspected(details(null, outside(namespace, name), PodOverrides.NONE, Set.of(), new Current(null, null)), null);
        }
        String known = status.get().uid();
        Optional<MeshPod> wanted = source.pod(known);
        Optional<EnrolledPod> enrolled = reconciler.enrolled().stream().filter(pod -> pod.uid().equals(known)).findFirst();
        PodOverrides overrides = enrolled.map(EnrolledPod::overrides).or(() -> wanted.map(MeshPod::overrides)).orElse(PodOverrides.NONE);
        Inspected.Details details = details(status.get(), null, overrides, wanted.map(MeshPod::addresses).orElse(Set.of()),
                wanted.map(this::current).orElse(new Current(null, "its source doesn't name it any more")));
        return new Inspected(details, enrolled.isPresent() ? enrolled.get().netns().duplicate() : null);
    }

    private String outside(String namespace, String name) throws InterruptedException {
        Membership membership = source.membership(namespace, name, "", PATIENCE);
        if (membership instanceof Membership.Outside outside) {
            return outside.reason();
        }
        return membership instanceof Membership.Unknown unknown ? unknown.reason() : "it is about to be enrolled";
    }

    /** The namespace that is a pod's by its source, or why it can't be found. */
    private record Current(@Nullable String identity, @Nullable String problem) {}

    private Current current(MeshPod pod) {
        Path file = pod.netns();
        try {
            if (file != null) {
                try (NetworkNamespace now = NetworkNamespace.open(file)) {
                    return new Current(now.identity().toString(), null);
                }
            }
            try (NetworkNamespace found = finder.find(List.of(pod)).get(pod.uid())) {
                return found == null ? new Current(null, "no process of the pod was found")
                        : new Current(found.identity().toString(), null);
            }
        } catch (IOException e) {
            return new Current(null, e.getMessage());
        }
    }

    private Inspected.Details details(@Nullable PodStatus status, @Nullable String outside, PodOverrides overrides,
            Set<InetAddress> addresses, Current current) {
        return new Inspected.Details(status == null ? null : ControlReply.of(status), outside,
                redirection.profile().name().toLowerCase(Locale.ROOT), overrides.dnsCapture().orElse(redirection.dnsCapture()),
                overrides.ingress(), overrides.virtualInterfaces(), redirection.ipv6(), proxyCgroups.get(), proxies.pids(),
                addresses.stream().map(InetAddress::getHostAddress).sorted().toList(), current.identity(), current.problem(), node);
    }
}

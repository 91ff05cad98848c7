package io.inpod.iptables.backend.pod;

import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Detection;
import io.inpod.iptables.backend.KernelTables;
import io.inpod.iptables.backend.internal.tools.LegacyTables;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Visits back ends in a namespace, and skips those whose tables another one has visited: most back ends run programs. */
final class BackendSearch {
    private final NetworkNamespace namespace;
    private final Set<KernelTables> visited = EnumSet.noneOf(KernelTables.class);
    private boolean any;

    BackendSearch(NetworkNamespace namespace) {
        this.namespace = namespace;
    }

    /** Like {@link Detection#among}, but looks only as far as the choice requires. */
    static Detection detect(List<Backend> backends, NetworkNamespace namespace, ManagedNames names) throws IOException {
        BackendSearch search = new BackendSearch(namespace);
        List<Detection.Candidate> candidates = new ArrayList<>();
        for (Backend backend : backends) {
            if (search.isNeeded(backend)) {
                Detection.Candidate candidate = Detection.Candidate.of(backend, namespace, names);
                candidates.add(candidate);
                if (candidate.usability().usable()) {
                    search.visited(backend);
                }
            }
        }
        return Detection.of(candidates);
    }

    /** Returns the error for a namespace in which none is usable. */
    static IOException noneUsable(NetworkNamespace namespace, List<String> reasons) {
        return new IOException("no back end is usable in " + namespace + ": " + String.join("; ", reasons));
    }

    /** Whether a back end has to be visited: not after a usable one, if all of its tables have been visited or there are none. */
    boolean isNeeded(Backend backend) throws IOException {
        if (!any) {
            return true;
        }
        boolean absent = backend.tables().equals(Set.of(KernelTables.LEGACY)) && !LegacyTables.exist(namespace);
        return !visited.containsAll(backend.tables()) && !absent;
    }

    /** Records that a usable back end was visited. */
    void visited(Backend backend) {
        any = true;
        visited.addAll(backend.tables());
    }
}

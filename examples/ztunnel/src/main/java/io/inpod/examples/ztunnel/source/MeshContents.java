package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a mesh, before they are put into one. Those that are as they were are only noted: a large mesh changes little, and what is
 * read for nothing is then gone before a garbage collection has to copy it. For one thread.
 */
final class MeshContents {
    private final Mesh before;
    private final Set<Object> same;
    private final Map<String, Workload> workloads = new LinkedHashMap<>();
    private final Map<ServiceName, Service> services = new LinkedHashMap<>();
    private final Map<String, Policy> policies = new LinkedHashMap<>();

    /**
     * Creates a mesh without entries.
     *
     * @param before the state that counts until now
     */
    MeshContents(Mesh before) {
        this.before = before;
        this.same = Collections.newSetFromMap(new IdentityHashMap<>(before.size() + before.services().size()));
    }

    /** Adds a workload; returns whether there was none with its uid. */
    boolean add(Workload next) {
        return add(next, next.uid(), before.workload(next.uid()).orElse(null), workloads);
    }

    /** Adds a service; returns whether there was none with its name. */
    boolean add(Service next) {
        return add(next, next.hostname(), before.service(next.hostname()).orElse(null), services);
    }

    /** Adds a policy; returns whether there was none with its name. */
    boolean add(Policy next) {
        return add(next, next.fullName(), before.policy(next.fullName()).orElse(null), policies);
    }

    private <K, V> boolean add(V next, K key, @Nullable V old, Map<K, V> changed) {
        if (next.equals(old)) {
            return !changed.containsKey(key) && same.add(old);
        }
        return (old == null || !same.contains(old)) && changed.put(key, next) == null;
    }

    /**
     * Returns a mesh that has these entries and no others. What hasn't changed stays the same object.
     *
     * @return the state that should count from now on; the one before itself if nothing has changed
     */
    Mesh mesh() {
        MeshChange change = before.change();
        boolean changed = !workloads.isEmpty() || !services.isEmpty() || !policies.isEmpty();
        for (Workload old : before.workloads()) {
            if (!same.contains(old) && !workloads.containsKey(old.uid())) {
                change.removeWorkload(old.uid());
                changed = true;
            }
        }
        for (Service old : before.services()) {
            if (!same.contains(old) && !services.containsKey(old.hostname())) {
                change.removeService(old.hostname());
                changed = true;
            }
        }
        for (Policy old : before.policies()) {
            if (!same.contains(old) && !policies.containsKey(old.fullName())) {
                change.removePolicy(old.fullName());
                changed = true;
            }
        }
        workloads.values().forEach(change::put);
        services.values().forEach(change::put);
        policies.values().forEach(change::put);
        return changed ? change.build() : before;
    }
}

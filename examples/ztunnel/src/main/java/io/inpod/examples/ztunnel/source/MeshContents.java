package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
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
    /** What they are in the mesh, in the order in which they were read, by list. */
    private final Map<String, List<Object>> entries = new HashMap<>();
    private boolean dependsOnPlaces;

    /**
     * Creates a mesh without entries.
     *
     * @param before the state that counts until now
     * @param expected about how many entries there will be
     */
    MeshContents(Mesh before, int expected) {
        this.before = before;
        this.same = Collections.newSetFromMap(new IdentityHashMap<>(expected));
        MeshFile.LISTS.forEach(list -> entries.put(list, new ArrayList<>()));
    }

    /** Notes whether an entry depends on its place in the document, as a workload does that has no uid. */
    void dependsOnPlaces(boolean depends) {
        dependsOnPlaces |= depends;
    }

    /** Returns whether an entry depends on more than its text. */
    boolean dependsOnPlaces() {
        return dependsOnPlaces;
    }

    /** Returns what the entries of a list are in the mesh, in the order in which they were read. */
    List<Object> entries(String list) {
        return Objects.requireNonNull(entries.get(list));
    }

    /** Adds a workload; returns whether there was none with its uid. */
    boolean add(Workload next) {
        return add(next, next.uid(), before.workload(next.uid()).orElse(null), workloads, MeshFile.WORKLOADS);
    }

    /** Adds a service; returns whether there was none with its name. */
    boolean add(Service next) {
        return add(next, next.hostname(), before.service(next.hostname()).orElse(null), services, MeshFile.SERVICES);
    }

    /** Adds a policy; returns whether there was none with its name. */
    boolean add(Policy next) {
        return add(next, next.fullName(), before.policy(next.fullName()).orElse(null), policies, MeshFile.POLICIES);
    }

    private <K, V> boolean add(V next, K key, @Nullable V old, Map<K, V> changed, String list) {
        if (next.equals(old)) {
            entries(list).add(old);
            return !changed.containsKey(key) && same.add(old);
        }
        entries(list).add(next);
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
        return changed ? build(change) : before;
    }

    /**
     * Returns the mesh before with these entries put into it.
     *
     * @param gone entries of the mesh before whose text isn't there any more; all others stay
     * @return the state that should count from now on, the one before itself if nothing has changed; null if one of these entries is there
     *     twice, since another of the same name stays
     */
    @Nullable
    Mesh meshWithout(Set<Object> gone) {
        MeshChange change = before.change();
        boolean changed = !workloads.isEmpty() || !services.isEmpty() || !policies.isEmpty();
        if (!gone.containsAll(same)
                || !replaces(workloads, uid -> before.workload(uid), gone)
                || !replaces(services, name -> before.service(name), gone)
                || !replaces(policies, name -> before.policy(name), gone)) {
            return null;
        }
        for (Object old : gone) {
            if (same.contains(old)) {
                continue;
            }
            changed = true;
            if (old instanceof Workload workload && !workloads.containsKey(workload.uid())) {
                change.removeWorkload(workload.uid());
            } else if (old instanceof Service service && !services.containsKey(service.hostname())) {
                change.removeService(service.hostname());
            } else if (old instanceof Policy policy && !policies.containsKey(policy.fullName())) {
                change.removePolicy(policy.fullName());
            }
        }
        return changed ? build(change) : before;
    }

    private static <K, V> boolean replaces(Map<K, V> changed, Function<K, Optional<V>> before, Set<Object> gone) {
        return changed.keySet().stream().allMatch(key -> before.apply(key).map(gone::contains).orElse(true));
    }

    private Mesh build(MeshChange change) {
        workloads.values().forEach(change::put);
        services.values().forEach(change::put);
        policies.values().forEach(change::put);
        return change.build();
    }
}

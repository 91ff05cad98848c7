package io.inpod.examples.ztunnel.xds;

import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The mesh that has come, and what counts of it: all but workloads of this node that name policies that haven't come. Istiod sends such a
 * workload before its new policy, and an unknown policy denies, so that the workload's open connections would be cut in between. Until the
 * policies have come, it counts as it was before, or not at all if it is new; but no longer than for a bounded time, after which it counts
 * anyway. All else counts at once. Policies of other nodes' workloads are enforced there.
 *
 * <p>Each policy has a time of its own. If it hasn't come then, it is given up: it isn't waited for again until it has come, or until no
 * workload of this node names it. For one thread.
 */
final class HeldBack {
    private final String node;
    private final Duration patience;
    private final Timer timer;
    private final Consumer<Collection<String>> whenGivenUp;
    /** What names the policies that workloads of this node name, as they have come: uids by policies. */
    private final Map<String, Set<String>> naming = new HashMap<>();
    /** Until when a policy is waited for, in the timer's time. */
    private final Map<String, Long> awaited = new HashMap<>();
    private final Set<String> givenUp = new HashSet<>();
    /** Since when workloads are held back, by their uids. */
    private final Map<String, Long> held = new LinkedHashMap<>();
    private final List<Answer> answers = new ArrayList<>();
    private Mesh latest = Mesh.EMPTY;
    private Mesh counting = Mesh.EMPTY;
    private boolean begun;
    private boolean waking;

    /** Whose time passes. */
    interface Timer {
        /** {@return the time in nanoseconds, since whenever} */
        long now();

        /** Runs a task later, on the thread. */
        void later(Duration delay, Runnable task);
    }

    /** What answers someone, once what has come in a response counts: which resources these are, and by which names they are known. */
    private record Answer(Set<Object> resources, Set<String> names, Runnable task) {}

    /**
     * Creates an empty mesh.
     *
     * @param node whose workloads may be held back
     * @param patience for how long
     * @param timer tells the time
     * @param whenGivenUp is told the names of policies that haven't come in time, when it is time to use what {@link #counting} returns
     */
    HeldBack(String node, Duration patience, Timer timer, Consumer<Collection<String>> whenGivenUp) {
        this.node = node;
        this.patience = patience;
        this.timer = timer;
        this.whenGivenUp = whenGivenUp;
    }

    /** {@return the mesh that has come, which the next response changes} */
    Mesh latest() {
        return latest;
    }

    /** {@return the mesh that counts; the same object for as long as nothing changes in it} */
    Mesh counting() {
        return counting;
    }

    /** Says that the mesh begins to count. Policies that it names in vain aren't waited for. */
    void begin() {
        begun = true;
        for (Workload workload : latest.workloads()) {
            policies(workload).forEach(name -> naming(name).add(workload.uid()));
        }
        naming.keySet().stream().filter(this::isUnknown).forEach(givenUp::add);
    }

    /** Takes what a response has led to. */
    void take(ResourceSet.Applied applied) {
        Mesh before = latest;
        latest = applied.mesh();
        if (!begun) {
            counting = latest;
            return;
        }
        Set<Object> due = new LinkedHashSet<>();
        for (Object key : applied.changed()) {
            if (key instanceof String uid) {
                Collection<String> names = policies(before.workload(uid).orElse(null));
                Collection<String> now = policies(latest.workload(uid).orElse(null));
                if (!names.isEmpty() || !now.isEmpty()) {
                    note(uid, names, now);
                }
            } else if (key instanceof PolicyName policy) {
                note(policy.fullName(), due);
            }
        }
        if (!held.isEmpty()) {
            due.addAll(applied.changed());
        }
        count(due);
    }

    private Collection<String> policies(@Nullable Workload workload) {
        return workload == null || !workload.node().equals(node) ? List.of() : workload.policies();
    }

    private Set<String> naming(String policy) {
        return naming.computeIfAbsent(policy, name -> new LinkedHashSet<>());
    }

    private boolean isUnknown(String policy) {
        return latest.policy(policy).isEmpty();
    }

    /** A workload that names other policies than before, or the same. */
    private void note(String uid, Collection<String> before, Collection<String> now) {
        for (String name : before) {
            if (!now.contains(name)) {
                Set<String> others = naming(name);
                others.remove(uid);
                if (others.isEmpty()) {
                    naming.remove(name);
                    awaited.remove(name);
                    givenUp.remove(name);
                }
            }
        }
        now.forEach(name -> naming(name).add(uid));
        List<String> missing = missing(uid);
        if (missing.isEmpty()) {
            held.remove(uid);
            return;
        }
        // not from now on if it is held already: otherwise, one that changes again and again would never count
        long since = held.computeIfAbsent(uid, one -> timer.now());
        missing.forEach(name -> await(name, since));
    }

    /** What a workload waits for. Not for what it names in vain already: that denies now, too. */
    private List<String> missing(String uid) {
        Collection<String> before = policies(counting.workload(uid).orElse(null));
        return policies(latest.workload(uid).orElse(null)).stream()
                .filter(name -> !before.contains(name) && isUnknown(name) && !givenUp.contains(name)).toList();
    }

    private void await(String policy, long since) {
        long until = since + patience.toNanos();
        awaited.merge(policy, until, (one, other) -> one - other < 0 ? one : other);
        wake();
    }

    /** A policy that has come, or that is gone while workloads wait for others. */
    private void note(String policy, Set<Object> due) {
        if (isUnknown(policy)) {
            naming.getOrDefault(policy, Set.of()).stream().map(held::get).filter(Objects::nonNull).forEach(since -> await(policy, since));
        } else {
            awaited.remove(policy);
            givenUp.remove(policy);
            release(policy, due);
        }
    }

    /** Ends the wait of workloads that have waited for nothing but a policy. */
    private void release(String policy, Set<Object> due) {
        for (String uid : naming.getOrDefault(policy, Set.of())) {
            if (held.containsKey(uid) && missing(uid).isEmpty()) {
                held.remove(uid);
                due.add(uid);
            }
        }
    }

    private void wake() {
        if (!waking && !awaited.isEmpty()) {
            waking = true;
            long next = awaited.values().stream().mapToLong(until -> until - timer.now()).min().orElseThrow();
            timer.later(Duration.ofNanos(Math.max(0, next)), this::giveUp);
        }
    }

    private void giveUp() {
        waking = false;
        long now = timer.now();
        Set<String> late = new TreeSet<>();
        awaited.forEach((name, until) -> {
            if (until - now <= 0) {
                late.add(name);
            }
        });
        awaited.keySet().removeAll(late);
        givenUp.addAll(late);
        Set<Object> due = new LinkedHashSet<>();
        late.forEach(name -> release(name, due));
        wake();
        if (!late.isEmpty()) {
            count(due);
            whenGivenUp.accept(late);
        }
    }

    /** Brings into the mesh that counts what is due. */
    private void count(Set<Object> due) {
        if (held.isEmpty()) {
            counting = latest;
            return;
        }
        due.removeIf(held::containsKey);
        if (!due.isEmpty()) {
            MeshChange change = counting.change();
            due.forEach(key -> copy(key, latest, change));
            counting = change.build();
        }
    }

    private static void copy(Object key, Mesh from, MeshChange to) {
        if (key instanceof ServiceName name) {
            from.service(name).ifPresentOrElse(to::put, () -> to.removeService(name));
        } else if (key instanceof PolicyName policy) {
            from.policy(policy.fullName()).ifPresentOrElse(to::put, () -> to.removePolicy(policy.fullName()));
        } else {
            from.workload((String) key).ifPresentOrElse(to::put, () -> to.removeWorkload((String) key));
        }
    }

    /**
     * Remembers what is to be run when a response that was {@linkplain #take taken} just now counts.
     *
     * @param response the response
     * @param applied what it has led to
     * @param task run by {@link #answer}
     */
    void whenItCounts(DeltaDiscoveryResponse response, ResourceSet.Applied applied, Runnable task) {
        Set<Object> resources = new HashSet<>(applied.changed());
        Set<String> names = new HashSet<>(response.getRemovedResourcesList());
        response.getResourcesList().forEach(resource -> {
            resources.add(resource.getName());
            names.add(resource.getName());
            names.addAll(resource.getAliasesList());
        });
        answers.add(new Answer(resources, names, task));
    }

    /** Runs what waits for nothing more. Of what says something by the same name, nothing overtakes what has come before. */
    void answer() {
        if (!begun || answers.isEmpty()) {
            return;
        }
        List<Answer> rest = new ArrayList<>();
        Set<String> waiting = new HashSet<>();
        for (Answer answer : answers) {
            if (answer.resources.stream().anyMatch(held::containsKey) || answer.names.stream().anyMatch(waiting::contains)) {
                waiting.addAll(answer.names);
                rest.add(answer);
            } else {
                answer.task.run();
            }
        }
        answers.clear();
        answers.addAll(rest);
    }
}

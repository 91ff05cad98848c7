package io.inpod.examples.ztunnel.xds;

import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.ztunnel.mesh.MeshState.Demand;
import io.inpod.examples.ztunnel.mesh.MeshState;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The names of which the server is asked, and which of them it has answered. A pod may connect to any number of addresses that aren't in
 * the mesh, so of names by which there is nothing, at most {@value #MOST} stay: beyond that, one that nobody has used for long is given up.
 * Thread-safe; whether there is an answer is found out without a lock.
 */
final class OnDemand implements Demand {
    static final int MOST = 10_000;

    private final Runnable changed;
    private final Map<String, Asked> asked = new ConcurrentHashMap<>(); // changed with the lock only
    /** What may be given up, each name once. One that was used since it was last at the head goes to the tail again. */
    private final Queue<String> order = new ArrayDeque<>();
    private final Set<String> added = new LinkedHashSet<>();
    private final List<String> givenUp = new ArrayList<>();

    private static final class Asked {
        volatile boolean answered;
        volatile boolean used;
        // Below: with the lock only.
        boolean exists;
        boolean isInOrder = true;
        final Set<Runnable> waiting = new HashSet<>();
    }

    /** What the server hasn't been told yet. */
    record Difference(List<String> added, List<String> givenUp) {}

    /** Creates it; the runnable is called, on any thread, when there is a difference. */
    OnDemand(Runnable changed) {
        this.changed = changed;
    }

    @Override
    public boolean isAnswered(String name) {
        Asked known = asked.get(name);
        return known != null && isAnswered(known);
    }

    private static boolean isAnswered(Asked known) {
        if (!known.used) {
            known.used = true; // written only if it changes: many threads look at the same names
        }
        return known.answered;
    }

    @Override
    public boolean isAsked(String name) {
        return asked.containsKey(name);
    }

    @Override
    public MeshState.Subscription ask(String name, Runnable answered) {
        Runnable own = () -> answered.run(); // an object for each call, even if callers share theirs
        boolean isAnswered;
        boolean isNew;
        synchronized (this) {
            Asked known = asked.get(name);
            isNew = known == null;
            if (known == null) {
                known = new Asked();
                asked.put(name, known);
                order.add(name);
                added.add(name);
            }
            isAnswered = !isNew && isAnswered(known);
            if (!isAnswered) {
                known.waiting.add(own);
            }
            if (isNew) {
                giveUp();
            }
        }
        if (isAnswered) {
            own.run();
        }
        if (isNew) {
            changed.run();
        }
        return () -> stop(name, own);
    }

    private synchronized void stop(String name, Runnable waiting) {
        Asked known = asked.get(name);
        if (known != null) {
            known.waiting.remove(waiting);
        }
    }

    private void giveUp() {
        for (int looks = order.size(); order.size() > MOST && looks > 0; looks--) {
            String name = order.remove();
            Asked eldest = Objects.requireNonNull(asked.get(name));
            if (eldest.exists) {
                eldest.isInOrder = false; // what the mesh has by it is kept up to date
            } else if (eldest.used || !eldest.waiting.isEmpty()) {
                eldest.used = false;
                order.add(name);
            } else {
                asked.remove(name);
                if (!added.remove(name)) {
                    givenUp.add(name);
                }
            }
        }
    }

    /** Takes what the server hasn't been told yet. */
    synchronized Difference take() {
        Difference difference = new Difference(List.copyOf(added), List.copyOf(givenUp));
        added.clear();
        givenUp.clear();
        return difference;
    }

    /**
     * Takes the names that have been answered, for a server that has been told nothing. The others are a {@linkplain #take difference}: of
     * what a client says it has, istiod sends only what has changed, and a name whose resource hasn't would remain without an answer.
     */
    synchronized Collection<String> answered() {
        givenUp.clear();
        added.clear();
        List<String> answered = new ArrayList<>();
        asked.forEach((name, known) -> (known.answered ? answered : added).add(name));
        return answered;
    }

    /** Notes what a response has answered, and calls those who wait for it. Resources that can't be used are no answer. */
    void answered(DeltaDiscoveryResponse response, Set<String> refused) {
        List<Runnable> waiting = new ArrayList<>();
        boolean isDifferent;
        synchronized (this) {
            for (String name : response.getRemovedResourcesList()) {
                rememberGone(name);
                answered(name, false, waiting);
            }
            giveUp();
            for (Resource resource : response.getResourcesList()) {
                if (!refused.contains(resource.getName())) {
                    answered(resource.getName(), true, waiting);
                    resource.getAliasesList().forEach(alias -> answered(alias, true, waiting));
                }
            }
            isDifferent = !givenUp.isEmpty();
        }
        waiting.forEach(Runnable::run);
        if (isDifferent) {
            changed.run();
        }
    }

    /**
     * Istiod subscribes a client to the resources that it sends, and keeps that up when they are gone: it wouldn't answer if it was asked
     * for one by its own name then. So that it is gone is the answer. Workloads aren't asked for by their own names, which aren't of this
     * form.
     */
    private void rememberGone(String name) {
        if (isOfOneSlash(name) && !asked.containsKey(key(name))) {
            asked.put(key(name), new Asked());
            order.add(key(name));
        }
    }

    private static boolean isOfOneSlash(String name) {
        int slash = name.indexOf('/');
        return slash >= 0 && name.indexOf('/', slash + 1) < 0;
    }

    /** Hostnames are asked for in lower case, however the control plane writes them. */
    private static String key(String name) {
        int hostname = name.indexOf('/') + 1;
        return isOfOneSlash(name) ? name.substring(0, hostname) + name.substring(hostname).toLowerCase(Locale.ROOT) : name;
    }

    private void answered(String name, boolean exists, List<Runnable> waiting) {
        Asked known = asked.get(key(name));
        if (known != null) {
            known.answered = true;
            known.exists = exists;
            if (!exists && !known.isInOrder) {
                known.isInOrder = true;
                order.add(key(name));
            }
            waiting.addAll(known.waiting);
            known.waiting.clear();
        }
    }
}

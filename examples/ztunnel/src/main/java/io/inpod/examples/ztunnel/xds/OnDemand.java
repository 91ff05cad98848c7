package io.inpod.examples.ztunnel.xds;

import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.ztunnel.mesh.MeshState.Demand;
import io.inpod.examples.ztunnel.mesh.MeshState;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The names of which the server is asked, and which of them it has answered. There are at most {@value #MOST}: a pod may connect to any
 * number of addresses that aren't in the mesh. Beyond that, the name that nobody has used for longest is given up. Thread-safe.
 */
final class OnDemand implements Demand {
    static final int MOST = 10_000;

    private final Runnable changed;
    /** The least recently used first. */
    private final LinkedHashMap<String, Asked> asked = new LinkedHashMap<>(16, 0.75f, true);
    private final List<String> added = new ArrayList<>();
    private final List<String> givenUp = new ArrayList<>();

    private static final class Asked {
        boolean answered;
        final Set<Runnable> waiting = new HashSet<>();
    }

    /** What the server hasn't been told yet. */
    record Difference(List<String> added, List<String> givenUp) {}

    /** Creates it; the runnable is called, on any thread, when there is a difference. */
    OnDemand(Runnable changed) {
        this.changed = changed;
    }

    @Override
    public synchronized boolean isAnswered(String name) {
        Asked known = asked.get(name);
        return known != null && known.answered;
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
                added.add(name);
            }
            isAnswered = known.answered;
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
        Iterator<Map.Entry<String, Asked>> eldest = asked.entrySet().iterator();
        while (asked.size() > MOST && eldest.hasNext()) {
            Map.Entry<String, Asked> entry = eldest.next();
            if (entry.getValue().waiting.isEmpty()) {
                eldest.remove();
                if (!added.remove(entry.getKey())) {
                    givenUp.add(entry.getKey());
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

    /** Takes all names, for a server that has been told nothing. */
    synchronized Collection<String> all() {
        added.clear();
        givenUp.clear();
        return List.copyOf(asked.keySet());
    }

    /** Notes what a response has answered, and calls those who wait for it. Resources that can't be used are no answer. */
    void answered(DeltaDiscoveryResponse response, Set<String> refused) {
        List<Runnable> waiting = new ArrayList<>();
        synchronized (this) {
            response.getRemovedResourcesList().forEach(name -> answered(name, waiting));
            for (Resource resource : response.getResourcesList()) {
                if (!refused.contains(resource.getName())) {
                    answered(resource.getName(), waiting);
                    resource.getAliasesList().forEach(alias -> answered(alias, waiting));
                }
            }
        }
        waiting.forEach(Runnable::run);
    }

    private void answered(String name, List<Runnable> waiting) {
        Asked known = asked.get(name);
        if (known != null) {
            known.answered = true;
            waiting.addAll(known.waiting);
            known.waiting.clear();
        }
    }
}

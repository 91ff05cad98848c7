package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.mesh.MeshState.Demand;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.route.Needed;
import io.inpod.examples.ztunnel.route.Target;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a connection needs of a mesh that has to be asked for. On the connection's event loop. */
final class Demanded {
    private Demanded() {}

    /** Continues when the mesh has what it should have. */
    interface Then {
        /** Called with a name about which nothing was said, or null if there is none. */
        void then(@Nullable String unanswered);
    }

    /** Returns what to ask for before it is decided about a target: first for itself, and then for what is on the way there. */
    static List<String> names(PodContext pod, Mesh mesh, Workload self, Target target) {
        Demand demand = pod.demand();
        if (demand == Demand.NONE) {
            return List.of();
        }
        List<String> names = new ArrayList<>(Needed.forTarget(mesh, self, target));
        names.removeIf(demand::isAnswered);
        if (names.isEmpty()) {
            names.addAll(Needed.onTheWay(mesh, self, target));
            names.removeIf(demand::isAnswered);
        }
        return names;
    }

    /** Returns whether something may have come into the mesh since a connection looked at it: an answer comes after what it is about. */
    static boolean isOutdated(PodContext pod, Mesh mesh) {
        return pod.demand() != Demand.NONE && pod.self().mesh() != mesh;
    }

    /** Waits for names, one after the other. */
    static void await(PodContext pod, Channel client, Future<?> gone, List<String> names, Then then) {
        next(pod, client, gone, names.iterator(), then);
    }

    private static void next(PodContext pod, Channel client, Future<?> gone, Iterator<String> names, Then then) {
        if (!names.hasNext()) {
            then.then(null);
            return;
        }
        String name = names.next();
        pod.waiting().await(client.eventLoop(), gone, pod.demand(), name, () -> Guarded.run(pod.access().lines(), client, () -> {
            if (pod.demand().isAnswered(name)) {
                next(pod, client, gone, names, then);
            } else {
                then.then(name);
            }
        }));
    }
}

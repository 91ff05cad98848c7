package io.inpod.examples.nodeagent.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.inpod.examples.nodeagent.json.Json;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodState;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes onto the pods what has become of them: the annotation {@link ApiPod#REDIRECTION}, and an event if a pod isn't served. Only the
 * newest state of each pod waits to be written. Nothing depends on it, so it is done one after another, on one thread.
 */
final class WriteBack implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");
    private static final int MOST_PODS = 10_000;
    private static final int LONGEST_NOTE = 1024;

    /**
     * How long things may take.
     *
     * @param answer how long the server may take for an answer
     * @param firstPause the pause after a failure, which doubles
     * @param longestPause the longest
     * @param lasting how long a pod must have been in a state before an event tells so
     * @param events the shortest time between two events about a pod
     */
    record Times(Duration answer, Duration firstPause, Duration longestPause, Duration lasting, Duration events) {
        static final Times DEFAULT =
                new Times(Duration.ofSeconds(10), Duration.ofMillis(500), Duration.ofSeconds(30), Duration.ofSeconds(5),
                        Duration.ofMinutes(1));
    }

    /** A pod's state that was reported last. */
    private static final class Wanted {
        private final MeshPod pod;
        private final Optional<PodState> state;
        private final long eventAt;
        private boolean annotate;
        private boolean tell;

        Wanted(MeshPod pod, Optional<PodState> state, boolean tell, long eventAt) {
            this.pod = pod;
            this.state = state;
            this.tell = tell;
            this.eventAt = eventAt;
            annotate = isKnown();
        }

        /** As long as a pod's namespace isn't found, it may be served or not, and its annotation is as good as it was. */
        boolean isKnown() {
            return state.map(PodState::kind).filter(PodState.Kind.WAITING::equals).isEmpty();
        }

        @Nullable
        String annotation() {
            return switch (state.map(PodState::kind).orElse(PodState.Kind.OPEN)) {
                case SERVED -> "enabled";
                case CLOSED, WAITING -> "pending";
                case OPEN -> null; // as far as others are concerned, it isn't in the mesh
            };
        }
    }

    /** The event about a pod that was sent last. */
    private record Told(String reason, long at) {}

    private final ApiServer api;
    private final String node;
    private final Function<String, Optional<ApiPod>> pods;
    private final Consumer<ApiPod> written;
    private final Times times;
    private final Pauses pauses;
    private final Map<String, Wanted> wanted = new LinkedHashMap<>();
    private final Map<String, Told> told = new HashMap<>();

    /**
     * Creates a queue that is empty.
     *
     * @param node the node's name, for events
     * @param pods finds a pod by its uid for the agent
     * @param written is told how the server describes a pod now
     */
    WriteBack(ApiServer api, String node, Function<String, Optional<ApiPod>> pods, Consumer<ApiPod> written, Times times) {
        this.api = api;
        this.node = node;
        this.pods = pods;
        this.written = written;
        this.times = times;
        this.pauses = new Pauses(times.firstPause(), times.longestPause());
    }

    /** Takes over a pod's newest state. */
    synchronized void put(MeshPod pod, Optional<PodState> state) {
        long now = System.nanoTime();
        Told last = told.get(pod.uid());
        boolean tell = state.filter(one -> !one.served()).filter(one -> last == null || !last.reason.equals(reason(one))).isPresent();
        long earliest = now + times.lasting().toNanos();
        long next = last == null ? earliest : last.at + times.events().toNanos();
        if (state.map(PodState::served).orElse(true)) {
            told.computeIfPresent(pod.uid(), (uid, one) -> new Told("", one.at)); // told again if it fails again
        }
        wanted.remove(pod.uid());
        if (wanted.size() >= MOST_PODS) {
            wanted.remove(wanted.keySet().iterator().next());
        }
        wanted.put(pod.uid(), new Wanted(pod, state, tell, earliest - next > 0 ? earliest : next));
        notifyAll();
    }

    /** Looks at a pod that has changed: perhaps somebody else has written the annotation. */
    synchronized void changed(ApiPod pod) {
        Wanted one = wanted.get(pod.pod().uid());
        if (one != null && one.state.isPresent() && one.isKnown() && !Objects.equals(one.annotation(), pod.redirection())) {
            one.annotate = true;
            notifyAll();
        }
    }

    /** Forgets a pod that no longer exists. */
    synchronized void gone(String uid) {
        wanted.remove(uid);
        told.remove(uid);
    }

    private static String reason(PodState state) {
        return state.word() + ": " + (state.reason() == null ? "" : state.reason());
    }

    /** Writes until the thread is interrupted. */
    @Override
    public void run() {
        try {
            while (true) {
                Wanted next = next();
                try {
                    write(next);
                    pauses.reset();
                } catch (IOException | RuntimeException e) {
                    if (Thread.currentThread().isInterrupted()) {
                        return;
                    }
                    if (!pauses.failed()) {
                        LOG.warn("the state of pod {} can't be written, and is tried again: {}", next.pod.uid(), e.getMessage());
                    }
                    Thread.sleep(pauses.next(e).toMillis());
                }
            }
        } catch (InterruptedException e) { // closed
            LOG.debug("writing back ends");
        }
    }

    private synchronized Wanted next() throws InterruptedException {
        while (true) {
            long now = System.nanoTime();
            long pause = Long.MAX_VALUE;
            for (Iterator<Wanted> all = wanted.values().iterator(); all.hasNext();) {
                Wanted one = all.next();
                long until = one.eventAt - now;
                if (one.annotate || one.tell && until <= 0) {
                    return one;
                }
                if (one.tell) {
                    pause = Math.min(pause, until);
                } else if (one.state.isEmpty()) {
                    all.remove(); // it has left, and that is written
                }
            }
            if (pause == Long.MAX_VALUE) {
                wait();
            } else {
                wait(pause / 1_000_000 + 1);
            }
        }
    }

    private void write(Wanted one) throws IOException, InterruptedException {
        String key = pods.apply(one.pod.uid()).map(ApiPod::key).orElse(one.pod.uid());
        if (one.annotate) {
            boolean same = pods.apply(one.pod.uid()).filter(pod -> Objects.equals(pod.redirection(), one.annotation())).isPresent();
            if (!same && !annotate(one, key)) {
                gone(one.pod.uid());
                return;
            }
            one.annotate = false;
        }
        if (one.tell && one.eventAt - System.nanoTime() <= 0) {
            PodState state = one.state.orElseThrow();
            event(one.pod, key, state);
            one.tell = false;
            synchronized (this) {
                told.put(one.pod.uid(), new Told(reason(state), System.nanoTime()));
            }
        }
    }

    /** Returns whether the pod exists. */
    private boolean annotate(Wanted one, String key) throws IOException, InterruptedException {
        ObjectNode patch = Json.object();
        ObjectNode metadata = patch.putObject("metadata").put("uid", key); // another pod of this name must not be touched
        metadata.putObject("annotations").put(ApiPod.REDIRECTION, one.annotation()); // null removes it
        String path = path(one.pod);
        try {
            written.accept(ApiPod.read(api.send("PATCH", path + "/status", "application/merge-patch+json", patch, times.answer())));
            return true;
        } catch (ApiException e) {
            switch (e.status()) {
                case ApiException.NOT_FOUND -> {
                    return false;
                }
                case ApiException.CONFLICT, ApiException.INVALID -> {
                    if (exists(path, key)) {
                        throw e;
                    }
                    return false;
                }
                default -> throw e;
            }
        }
    }

    private boolean exists(String path, String key) throws IOException, InterruptedException {
        try {
            return api.get(path, times.answer()).path("metadata").path("uid").asText().equals(key);
        } catch (ApiException e) {
            if (e.status() == ApiException.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }

    private static String path(MeshPod pod) {
        return "/api/v1/namespaces/" + pod.info().namespace() + "/pods/" + pod.info().name();
    }

    private void event(MeshPod pod, String key, PodState state) throws IOException, InterruptedException {
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        String text = state.reason() == null ? "" : state.reason();
        ObjectNode event = Json.object().put("apiVersion", "v1").put("kind", "Event").put("type", "Warning")
                .put("reason", state.kind() == PodState.Kind.OPEN ? "NotRedirected" : "NotServed")
                .put("message", text.length() > LONGEST_NOTE ? text.substring(0, LONGEST_NOTE) : text)
                .put("firstTimestamp", now).put("lastTimestamp", now).put("count", 1);
        event.putObject("metadata").put("namespace", pod.info().namespace()).put("generateName", "inpod-");
        event.putObject("involvedObject").put("apiVersion", "v1").put("kind", "Pod").put("namespace", pod.info().namespace())
                .put("name", pod.info().name()).put("uid", key);
        event.putObject("source").put("component", "inpod-node-agent").put("host", node);
        try {
            JsonNode ignored =
                    api.send("POST", "/api/v1/namespaces/" + pod.info().namespace() + "/events", "application/json", event, times.answer());
            LOG.debug("event {}", ignored.path("metadata").path("name").asText());
        } catch (ApiException e) {
            if (e.status() != ApiException.NOT_FOUND && e.status() != ApiException.INVALID) {
                throw e;
            }
        }
    }
}

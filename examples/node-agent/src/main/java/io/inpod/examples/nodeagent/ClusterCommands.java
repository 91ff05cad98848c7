package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.Commands;
import io.inpod.examples.nodeagent.control.Inspected;
import io.inpod.examples.nodeagent.enrol.PodStatus;
import io.inpod.examples.nodeagent.enrol.Reconciler;
import io.inpod.examples.nodeagent.files.PodFile;
import io.inpod.examples.nodeagent.pod.AgentException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The commands of an agent that learns its pods from a cluster: they show pods, and remove only such as the API server
 * doesn't know. */
record ClusterCommands(Reconciler reconciler, Inspection inspection) implements Commands {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String REFUSAL =
            "this agent learns its pods from the API server: set the label istio.io/dataplane-mode of the pod "
                    + "or its namespace, to ambient or to none";

    @Override
    public void add(PodFile pod) throws AgentException {
        throw new AgentException(REFUSAL);
    }

    /** Removes a pod that stays in the mesh although the API server doesn't know it. */
    @Override
    public void delete(String uid, @Nullable Path netns) throws IOException, InterruptedException {
        if (!reconciler.commands().isUnlisted(uid)) {
            throw new AgentException(REFUSAL);
        }
        reconciler.commands().dismiss(uid, PATIENCE);
    }

    @Override
    public List<PodStatus> list() {
        return reconciler.list();
    }

    @Override
    public Map<PodStatus, Optional<String>> differences() {
        return reconciler.differences();
    }

    @Override
    public Inspected inspect(@Nullable String uid, @Nullable String namespace, @Nullable String name)
            throws IOException, InterruptedException {
        return inspection.of(uid, namespace, name);
    }

    @Override
    public List<String> problems() {
        return List.of();
    }
}

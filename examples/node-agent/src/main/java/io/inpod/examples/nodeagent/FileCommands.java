package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.Commands;
import io.inpod.examples.nodeagent.control.Inspected;
import io.inpod.examples.nodeagent.enrol.PodStatus;
import io.inpod.examples.nodeagent.enrol.Reconciler;
import io.inpod.examples.nodeagent.files.PodDirectory;
import io.inpod.examples.nodeagent.files.PodFile;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The commands of an agent whose pods are files: adding and deleting a pod is writing and deleting its file, so a restart finds the pods
 * again. A command that is itself impossible changes nothing.
 */
final class FileCommands implements Commands {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final PodDirectory directory;
    private final Reconciler reconciler;
    private final Duration proxyPatience;
    private final Inspection inspection;

    /**
     * Creates the commands.
     *
     * @param proxyPatience how long to wait for a proxy
     * @param inspection looks at one pod
     */
    FileCommands(PodDirectory directory, Reconciler reconciler, Duration proxyPatience, Inspection inspection) {
        this.directory = directory;
        this.reconciler = reconciler;
        this.proxyPatience = proxyPatience;
        this.inspection = inspection;
    }

    @Override
    public void add(PodFile file) throws IOException, InterruptedException {
        Path path = file.namespacePath();
        if (path == null) {
            throw new AgentException("\"netns\" or \"pid\" is missing");
        }
        MeshPod pod = file.pod();
        PodFile written;
        try (NetworkNamespace netns = NetworkNamespace.open(path)) {
            reconciler.commands().check(pod, netns);
            written = file.pid() == null ? file : file.withIdentity(netns.identity().toString());
        }
        reconciler.commands().change(pod.uid(), () -> directory.write(written), proxyPatience, PATIENCE);
    }

    @Override
    public void delete(String uid, @Nullable Path path) throws IOException, InterruptedException {
        try (NetworkNamespace netns = path != null && Files.exists(path) ? NetworkNamespace.open(path) : null) {
            if (directory.pod(uid).isEmpty() && !reconciler.knows(uid)) {
                if (path == null) {
                    throw new AgentException("pod " + uid
                            + " is unknown; to remove the redirection that an earlier agent installed, name the pod's network namespace "
                            + "too");
                }
                reconciler.commands().removeLeftover(uid, netns);
                return;
            }
            if (netns != null) {
                reconciler.commands().refuseOther(uid, netns);
            }
        }
        reconciler.commands().change(uid, () -> directory.delete(uid), proxyPatience, PATIENCE);
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
        return directory.problems().entrySet().stream()
                .map(problem -> "file " + problem.getKey() + " in " + directory.path() + ": " + problem.getValue()).toList();
    }
}

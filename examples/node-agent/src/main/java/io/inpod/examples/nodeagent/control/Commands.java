package io.inpod.examples.nodeagent.control;

import io.inpod.examples.nodeagent.enrol.PodStatus;
import io.inpod.examples.nodeagent.files.PodFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a client may have an agent do. Thread-safe. */
public interface Commands {
    /**
     * Enrols a pod, and waits until it is served.
     *
     * @param pod the pod
     * @throws IOException naming what failed
     * @throws InterruptedException if the thread was interrupted
     */
    void add(PodFile pod) throws IOException, InterruptedException;

    /**
     * Removes a pod, and waits until that is done.
     *
     * @param uid the pod
     * @param netns a file that refers to its network namespace; needed only for a pod of which this agent doesn't know
     * @throws IOException naming what failed
     * @throws InterruptedException if the thread was interrupted
     */
    void delete(String uid, @Nullable Path netns) throws IOException, InterruptedException;

    /** {@return the pods} */
    List<PodStatus> list();

    /** {@return how each pod differs from what should be in its namespace now; empty where it doesn't} */
    Map<PodStatus, Optional<String>> differences();

    /**
     * Looks at one pod.
     *
     * @param uid its uid; null if its names are given
     * @param namespace its namespace in the orchestrator
     * @param name its name
     * @return what is known of it, to be closed by the caller
     * @throws IOException if neither uid nor name is given
     * @throws InterruptedException if the thread was interrupted
     */
    Inspected inspect(@Nullable String uid, @Nullable String namespace, @Nullable String name) throws IOException, InterruptedException;

    /** {@return what of the desired pods can't be read, and why} */
    List<String> problems();
}

package io.inpod.examples.nodeagent.doctor;

import io.inpod.examples.nodeagent.control.AgentClient;
import io.inpod.examples.nodeagent.control.ControlReply;
import io.inpod.examples.nodeagent.control.ControlRequest;
import io.inpod.examples.nodeagent.control.Inspected;
import io.inpod.examples.nodeagent.enrol.Ledger;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.watch.FoundNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds a pod: by the agent's knowledge, or if no agent answers, by what one has left on disk. Adds what is found about agent, pod and
 * namespace.
 *
 * @param agent the agent
 * @param name the pod's names, as NAME or NAMESPACE/NAME; null if only its namespace is given
 * @param given its network namespace; null if only its name is given
 */
record PodSearch(AgentClient agent, @Nullable String name, @Nullable NetworkNamespace given) {
    private static final String START = "start it: ./inpod agent; or name its socket with --control";

    /**
     * What was found.
     *
     * @param netns the pod's namespace, to be closed by the caller; null if it isn't known
     * @param names the pod's names
     * @param inspected what the agent says; null if it doesn't know the pod
     * @param answers whether the agent answers
     */
    record Found(@Nullable NetworkNamespace netns, @Nullable WorkloadInfo names, Inspected.@Nullable Details inspected, boolean answers) {}

    Found run(Findings findings) throws IOException {
        ControlReply list;
        try {
            list = agent.ask(ControlRequest.list());
        } catch (IOException e) {
            if (given != null && Inference.read(given).isIstios()) {
                findings.skip(Topic.AGENT, "no agent of inpod answers, and the pod's rules are those of istio-cni: ask istio-cni");
                return new Found(given.duplicate(), null, null, false);
            }
            findings.fail(Topic.AGENT, String.valueOf(e.getMessage()), START);
            return withoutAgent(findings);
        }
        List<ControlReply.Pod> pods = Objects.requireNonNullElse(list.pods(), List.of());
        List<String> problems = Objects.requireNonNullElse(list.problems(), List.of());
        String answers = "answers on " + agent.path() + "; pods enrolled: " + pods.size();
        if (problems.isEmpty()) {
            findings.ok(Topic.AGENT, answers);
        } else {
            findings.warn(Topic.AGENT, answers + "; " + String.join("; ", problems), "mend or delete these files");
        }
        ControlRequest request = request(pods, findings);
        if (request == null) {
            return new Found(duplicate(), null, null, true);
        }
        try (Inspected inspected = agent.inspect(request)) {
            return known(inspected, findings);
        }
    }

    /** Returns what to ask; null if the agent doesn't know the given namespace. */
    private @Nullable ControlRequest request(List<ControlReply.Pod> pods, Findings findings) {
        if (name != null) {
            int slash = name.indexOf('/');
            return ControlRequest.inspect(null, slash < 0 ? "default" : name.substring(0, slash), name.substring(slash + 1));
        }
        NetworkNamespace netns = Objects.requireNonNull(given, "neither name nor namespace");
        Optional<ControlReply.Pod> pod = pods.stream().filter(each -> each.netns().equals(netns.identity().toString())).findFirst();
        if (pod.isEmpty()) {
            findings.fail(Topic.POD, "the agent has enrolled no pod with " + netns.identity(),
                    "enrol it: ./inpod agent add, or on a cluster the label istio.io/dataplane-mode: ambient. If it was enrolled "
                            + "under its name, it was made again: ./inpod doctor --pod NAME compares");
            return null;
        }
        return ControlRequest.inspect(pod.get().uid(), null, null);
    }

    private Found known(Inspected inspected, Findings findings) throws IOException {
        Inspected.Details details = inspected.details();
        ControlReply.Pod pod = details.pod();
        if (pod == null) {
            findings.fail(Topic.POD, "the agent doesn't know pod " + name + ": " + details.outside(),
                    "pods with hostNetwork, with the label istio.io/dataplane-mode: none, or on other nodes are never "
                            + "enrolled; for others see ./inpod agent list");
            return new Found(duplicate(), null, null, true);
        }
        findings.ok(Topic.POD, pod.namespace() + "/" + pod.name() + ", service account " + pod.serviceAccount() + ", uid " + pod.uid());
        WorkloadInfo names = new WorkloadInfo(pod.name(), pod.namespace(), pod.serviceAccount());
        NetworkNamespace enrolled = inspected.netns();
        if (enrolled == null) {
            findings.fail(Topic.NAMESPACE, "the agent has no network namespace of the pod: "
                    + Objects.requireNonNullElse(pod.reason(), pod.state()), "see to it that the pod runs on this node");
            return new Found(duplicate(), names, details, true);
        }
        String identity = enrolled.identity().toString();
        String now = given != null ? given.identity().toString() : details.current();
        if (now == null) {
            findings.warn(Topic.NAMESPACE, "enrolled is " + identity + "; which one the pod has now can't be found: " + details.search(),
                    "name it with --netns to compare, for example the PID of a process of the pod");
        } else if (!now.equals(identity)) {
            findings.fail(Topic.NAMESPACE, "enrolled is " + identity + ", but the pod has " + now + " now: it was made again",
                    "the agent looks again within a minute. To enrol it now: ./inpod agent delete --uid " + pod.uid()
                            + ", and add it again; on a cluster, restart the agent");
        } else {
            findings.ok(Topic.NAMESPACE, identity + " is enrolled, and is the pod's");
        }
        return new Found(enrolled.duplicate(), names, details, true);
    }

    /** An agent that has ended has left a list of its pods. */
    private Found withoutAgent(Findings findings) throws IOException {
        for (Topic topic : new Topic[] {Topic.POD, Topic.NAMESPACE, Topic.SERVED}) {
            findings.skipAfter(topic, Topic.AGENT);
        }
        Path control = agent.path();
        List<Ledger.Remembered> pods = new Ledger(control.resolveSibling(control.getFileName() + ".enrolled")).remembered();
        if (given != null) {
            return new Found(given.duplicate(), pods.stream().filter(pod -> pod.identity().equals(given.identity().toString())).findFirst()
                    .map(Ledger.Remembered::info).orElse(null), null, false);
        }
        String wanted = name == null || name.contains("/") ? String.valueOf(name) : "default/" + name;
        for (Ledger.Remembered pod : pods) {
            if (wanted.equals(pod.info().namespace() + "/" + pod.info().name())) {
                for (FoundNamespace found : FoundNamespace.all()) {
                    if (found.identity().toString().equals(pod.identity())) {
                        return new Found(found.open(), pod.info(), null, false);
                    }
                }
            }
        }
        return new Found(null, null, null, false);
    }

    private @Nullable NetworkNamespace duplicate() throws IOException {
        return given == null ? null : given.duplicate();
    }
}

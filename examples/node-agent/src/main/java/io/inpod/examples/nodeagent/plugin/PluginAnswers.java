package io.inpod.examples.nodeagent.plugin;

import io.inpod.examples.nodeagent.pod.Enrolment;
import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NodeNamespaces;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides about pods: those of the mesh are enrolled, others pass, and a pod about which nobody can tell does not start. */
final class PluginAnswers {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final PodSource source;
    private final Enrolment enrolment;
    private final Function<String, Optional<PodState>> states;

    /** Uses a source to decide, and the states of enrolled pods by uid to check them. */
    PluginAnswers(PodSource source, Enrolment enrolment, Function<String, Optional<PodState>> states) {
        this.source = source;
        this.enrolment = enrolment;
        this.states = states;
    }

    /** Does what a call asks for. Returns if the plugin may pass the previous result on. */
    void answer(PluginCall call) throws IOException, InterruptedException {
        Optional<PodName> name = PodName.ofArgs(call.variable("CNI_ARGS"));
        if (name.isEmpty()) {
            return; // no orchestrator's pod
        }
        switch (call.variable("CNI_COMMAND")) {
            case "ADD" -> add(name.get(), call);
            case "CHECK" -> check(name.get(), call);
            case "DEL" -> delete(name.get(), call);
            default -> throw new RefusedException(RefusedException.ENVIRONMENT, "the agent knows ADD, CHECK and DEL only", "");
        }
    }

    private void add(PodName name, PluginCall call) throws IOException, InterruptedException {
        long end = System.nanoTime() + call.patience().toNanos();
        Optional<MeshPod> member = decide(name, call);
        if (member.isEmpty()) {
            return;
        }
        NetworkNamespace netns = podNamespace(name, call);
        MeshPod pod = withAddresses(member.get(), call.addresses());
        try {
            enrolment.enrol(pod, netns, Duration.ofNanos(Math.max(0, end - System.nanoTime())));
        } catch (IOException e) {
            throw new RefusedException(RefusedException.TRY_AGAIN,
                    "pod " + name + " can't be enrolled in the mesh, so it doesn't start yet",
                    String.valueOf(e.getMessage()));
        }
    }

    private static MeshPod withAddresses(MeshPod pod, Set<InetAddress> more) {
        Set<InetAddress> addresses = new HashSet<>(pod.addresses());
        addresses.addAll(more);
        return new MeshPod(pod.uid(), pod.info(), pod.overrides(), addresses, pod.netns(), pod.fault());
    }

    private static NetworkNamespace podNamespace(PodName name, PluginCall call) throws IOException {
        NetworkNamespace netns = call.netns();
        if (netns == null) {
            throw new RefusedException(RefusedException.ENVIRONMENT, "the network namespace of pod " + name + " can't be opened",
                    "CNI_NETNS is \"" + call.variable("CNI_NETNS") + "\"");
        }
        try {
            NodeNamespaces.refuse(netns);
        } catch (IOException e) {
            throw new RefusedException(RefusedException.ENVIRONMENT, "the network namespace of pod " + name + " isn't a pod's",
                    String.valueOf(e.getMessage()));
        }
        return netns;
    }

    /** Returns the pod if it belongs to the mesh. The rest of the time is for enrolling it. */
    private Optional<MeshPod> decide(PodName name, PluginCall call) throws IOException, InterruptedException {
        Membership membership = source.membership(name.namespace(), name.name(), name.uid(), call.patience().dividedBy(2));
        if (membership instanceof Membership.Unknown unknown) {
            throw new RefusedException(RefusedException.TRY_AGAIN,
                    "nobody can tell now whether pod " + name + " belongs to the mesh, so it doesn't start yet", unknown.reason());
        }
        if (membership instanceof Membership.Member member) {
            return Optional.of(member.pod());
        }
        LOG.debug("pod {} passes: {}", name, membership);
        return Optional.empty();
    }

    private void check(PodName name, PluginCall call) throws IOException, InterruptedException {
        Optional<MeshPod> pod = decide(name, call);
        if (pod.isEmpty()) {
            return;
        }
        Optional<PodState> state = states.apply(pod.get().uid());
        if (!state.map(PodState::served).orElse(false)) {
            throw new RefusedException(RefusedException.NOT_ENROLLED, "pod " + name + " belongs to the mesh, but no proxy serves it",
                    state.map(found -> found.word() + ": " + found.reason()).orElse("it isn't enrolled"));
        }
    }

    /** Without a namespace there is nothing to do: the agent itself notices that the namespace has gone. */
    private void delete(PodName name, PluginCall call) throws IOException {
        Optional<String> uid = name.uid().isEmpty() ? uidOf(name) : Optional.of(name.uid());
        NetworkNamespace netns = call.netns();
        if (uid.isPresent() && netns != null) {
            try {
                enrolment.sandboxGone(uid.get(), netns);
            } catch (IOException e) {
                throw new RefusedException(RefusedException.TRY_AGAIN, "a proxy keeps pod " + name, String.valueOf(e.getMessage()));
            }
        }
    }

    private Optional<String> uidOf(PodName name) {
        return source.pods().stream()
                .filter(pod -> pod.info().name().equals(name.name()) && pod.info().namespace().equals(name.namespace()))
                .map(MeshPod::uid).findFirst();
    }
}

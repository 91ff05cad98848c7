package io.inpod.examples.nodeagent.doctor;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.Detection;
import io.inpod.iptables.backend.pod.HostProbeChange;
import io.inpod.iptables.pod.HostProbe;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Whether the node's rules lead health probes past the ztunnel, and its sets contain the pod. */
final class NodeCheck implements Check {
    private static final String AGENT = "the agent repairs them within a minute; if it doesn't, its log says why";

    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        NetworkNamespace node = pod.node();
        if (node == null) {
            findings.skip(Topic.NODE,
                    "the agent changes nothing on the node (it runs without --node-netns), so health probes go through the "
                            + "ztunnel");
            return;
        }
        Detection detection = Detection.among(Backends.all(), node, HostProbe.NAMES);
        Backend backend = detection.chosen().orElseThrow(() -> new IOException(detection.reason()));
        HostProbeChange change = new HostProbeChange(HostProbe.of(pod.families().toArray(IpFamily[]::new)), backend);
        List<AddressSet.Element> elements = change.elements(node);
        List<String> differences = new ArrayList<>(change.diff(node, elements));
        Set<InetAddress> there = elements.stream().map(AddressSet.Element::address).collect(Collectors.toSet());
        pod.known().stream().filter(address -> pod.families().contains(IpFamily.of(address)) && !there.contains(address))
                .forEach(address -> differences.add("set " + HostProbe.set(IpFamily.of(address)) + " lacks the pod's address "
                        + Subject.text(address)));
        if (!differences.isEmpty()) {
            findings.fail(Topic.NODE, String.join("; ", differences), AGENT);
        } else if (pod.known().isEmpty()) {
            findings.skip(Topic.NODE,
                    "the node's rules are as intended, but the agent's source doesn't tell the pod's addresses, so its health "
                            + "probes go through the ztunnel");
        } else {
            findings.ok(Topic.NODE,
                    "health probes reach " + pod.known().stream().map(Subject::text).collect(Collectors.joining(", "))
                            + " past the ztunnel, from "
                            + pod.families().stream().map(InPodConstants::hostProbe).map(Subject::text)
                                    .collect(Collectors.joining(" and ")));
        }
    }
}

package io.inpod.examples.nodeagent.doctor;

import io.inpod.netns.InPodConstants;
import io.inpod.netns.InPodSettings;
import io.inpod.netns.doctor.InPodSurroundings;
import io.inpod.tproxy.PolicyRouting;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Routing, the loopback interface, and settings. */
final class RoutingCheck implements Check {
    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        List<String> loopback = new InPodSurroundings(pod.tproxy(), pod.families()).loopback(pod.netns());
        if (loopback.isEmpty()) {
            findings.ok(Topic.LOOPBACK, "up, " + (pod.families().size() == 1 ? "IPv4" : "IPv4 and IPv6"));
        } else {
            findings.fail(Topic.LOOPBACK, String.join("; ", loopback),
                    "mend that. The kernel has deleted the "
                            + "routes by lo: the agent puts back its own within a minute");
        }
        routing(pod, findings);
        List<String> settings = InPodSettings.of(pod.tproxy()).diff(pod.netns());
        if (settings.isEmpty()) {
            findings.ok(Topic.SETTINGS, "route_localnet and the sysctls about marks are as they should be; rp_filter doesn't matter");
        } else {
            findings.fail(Topic.SETTINGS, String.join("; ", settings),
                    "the agent sets them again within ten seconds; find out who changes them");
        }
    }

    private static void routing(Subject pod, Findings findings) {
        if (findings.skipAfter(Topic.ROUTING, Topic.LOOPBACK)) {
            return;
        }
        List<String> missing = new ArrayList<>();
        pod.families().forEach(family -> {
            try {
                PolicyRouting.DEFAULT.withFamilies(Set.of(family)).verify(pod.netns());
            } catch (IOException e) {
                missing.add(family + ": " + String.valueOf(e.getMessage()).replace(" in " + pod.netns(), ""));
            }
        });
        if (missing.isEmpty()) {
            findings.ok(Topic.ROUTING,
                    "the rule \"fwmark " + Subject.hex(InPodConstants.TPROXY_MARK) + "/" + Subject.hex(InPodConstants.MARK_MASK)
                            + " lookup 100\" and the local default route of table 100 are there, "
                            + (pod.families().size() == 1 ? "for IPv4" : "for IPv4 and IPv6"));
        } else {
            findings.fail(Topic.ROUTING, String.join("; ", missing),
                    "the agent repairs them within a minute; if it doesn't, its log says why");
        }
    }
}

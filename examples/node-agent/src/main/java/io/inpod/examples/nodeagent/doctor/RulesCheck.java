package io.inpod.examples.nodeagent.doctor;

import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.pod.PodRulesChange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Whether the pod's rules are those that it should have, and there are no others. */
final class RulesCheck implements Check {
    private static final int SHOWN = 5;

    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        List<String> chosen = new ArrayList<>();
        PodRulesChange change = new PodRulesChange(pod.rules(), Backends.all(), chosen::add);
        List<String> differences = change.ownDiff(pod.netns());
        if (differences.isEmpty()) {
            findings.ok(Topic.RULES, "as intended: " + words(pod));
        } else {
            findings.fail(Topic.RULES, shown(differences), "the agent repairs its pods' rules within a minute. If it doesn't: "
                    + "./inpod agent verify says what it expects, and its log why it can't. Rules of others before ours: move them behind");
        }
        List<String> leftovers = change.leftovers(pod.netns());
        if (leftovers.isEmpty()) {
            findings.ok(Topic.LEFTOVERS, "none, in nf_tables and in legacy tables");
        } else {
            findings.fail(Topic.LEFTOVERS, shown(leftovers), "the agent removes them when it next looks at the pod; or restart the pod");
        }
    }

    private static String shown(List<String> differences) {
        return String.join("; ", differences.subList(0, Math.min(SHOWN, differences.size())))
                + (differences.size() > SHOWN ? "; and " + (differences.size() - SHOWN) + " more" : "");
    }

    static String words(Subject pod) {
        return (pod.tproxy() ? "profile tproxy" : "profile redirect") + (pod.dnsCapture() ? ", DNS captured" : "")
                + (pod.ingress() ? ", inbound not captured" : "")
                + (pod.families().size() == 1 ? ", IPv4 redirected, IPv6 refused" : ", IPv4 and IPv6")
                + (pod.rules().guard() ? "" : ", as istio-cni writes them (without guard)");
    }
}

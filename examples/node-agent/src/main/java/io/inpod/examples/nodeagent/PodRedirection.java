package io.inpod.examples.nodeagent;

import io.inpod.iptables.InPodRedirection;
import io.inpod.iptables.InPodRedirection.Profile;
import io.inpod.iptables.IpFamily;
import io.inpod.iptables.IptablesRules;
import io.inpod.netns.NamespaceChange;
import io.inpod.tproxy.Redirection;
import java.util.ArrayList;
import java.util.List;

/** What the agent installs in every pod: routing, then rules. */
final class PodRedirection {
    private PodRedirection() {}

    /**
     * Composes it. Without IPv6, connections over IPv6 go past the proxy.
     *
     * @param profile how inbound connections reach the proxy
     * @param dnsCapture whether the pod's DNS queries go to the proxy
     * @param ipv6 whether to redirect IPv6 too
     */
    static NamespaceChange of(Profile profile, boolean dnsCapture, boolean ipv6) {
        List<NamespaceChange> steps = new ArrayList<>();
        steps.add(new PodRouting(ipv6));
        for (IpFamily family : ipv6 ? IpFamily.values() : new IpFamily[] {IpFamily.V4}) {
            steps.add(new IptablesRules(InPodRedirection.of(family).withProfile(profile).withDnsCapture(dnsCapture).ruleSet()));
        }
        return new Redirection(steps);
    }
}

package io.inpod.examples.nodeagent.enrol;

import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.InPodSettings;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.tproxy.PolicyRouting;
import io.inpod.tproxy.Redirection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The redirection that the agent installs in every pod: routing, then settings, then rules.
 *
 * @param profile how inbound connections reach the proxy
 * @param dnsCapture whether the pods' DNS queries go to the proxy, unless a pod overrides it
 * @param ipv6 whether IPv6 is redirected too; if not, TCP over IPv6 is rejected in the pods
 */
public record PodRedirection(Profile profile, boolean dnsCapture, boolean ipv6) {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");
    private static final List<Backend> BACKENDS = Backends.all();
    private static final PolicyRouting IPV4 = PolicyRouting.DEFAULT.withFamilies(Set.of(IpFamily.V4));

    /** Returns whether a pod has been redirected before, with whatever options: the routing of IPv4 is the same for all of them. */
    static boolean isRouted(NetworkNamespace netns) {
        try {
            IPV4.verify(netns);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Returns the redirection of a pod that overrides nothing. */
    public NamespaceChange change() {
        return change(PodOverrides.NONE);
    }

    /**
     * Returns the rules alone, without routing, for a pod whose redirection can't be installed: they lead all its connections to ports on
     * which nothing listens. Nothing optional is among them that could fail.
     */
    public NamespaceChange closing() {
        return rules(PodOverrides.NONE, List.of());
    }

    /**
     * Tries on this kernel whether the proxy's mark can be restricted to cgroups, in a temporary namespace.
     *
     * @param proxyCgroups their paths
     * @throws IOException if not, with the reason
     */
    public void tryCgroups(List<String> proxyCgroups) throws IOException {
        try (NetworkNamespace scratch = NetworkNamespace.create()) {
            rules(PodOverrides.NONE, proxyCgroups).install(scratch);
        }
    }

    /**
     * Returns the redirection of a pod.
     *
     * @param overrides the options that it overrides
     * @throws IllegalArgumentException if they aren't possible with the profile
     */
    public NamespaceChange change(PodOverrides overrides) {
        return change(overrides, List.of());
    }

    /**
     * Returns the redirection of a pod.
     *
     * @param overrides the options that it overrides
     * @param proxyCgroups the cgroups that may use the proxy's mark; empty if every process may
     * @throws IllegalArgumentException if they aren't possible with the profile
     */
    public NamespaceChange change(PodOverrides overrides, List<String> proxyCgroups) {
        return Redirection.of(ipv6 ? PolicyRouting.DEFAULT : IPV4, settings(), rules(overrides, proxyCgroups));
    }

    /**
     * Returns the rules of a pod alone, without routing and settings.
     *
     * @param overrides the options that it overrides
     * @param proxyCgroups the cgroups that may use the proxy's mark; empty if every process may
     * @throws IllegalArgumentException if they aren't possible with the profile
     */
    public PodRules podRules(PodOverrides overrides, List<String> proxyCgroups) {
        List<InPodRedirection> families = new ArrayList<>();
        for (IpFamily family : ipv6 ? IpFamily.values() : new IpFamily[] {IpFamily.V4}) {
            families.add(InPodRedirection.of(family).withProfile(profile).withDnsCapture(dnsCapture).with(overrides));
        }
        return new PodRules(families, true, proxyCgroups);
    }

    /** Returns the settings of a pod on which the redirection depends. */
    public NamespaceChange settings() {
        return InPodSettings.of(profile == Profile.TPROXY);
    }

    private NamespaceChange rules(PodOverrides overrides, List<String> proxyCgroups) {
        return new PodRulesChange(podRules(overrides, proxyCgroups), BACKENDS, LOG::info);
    }
}

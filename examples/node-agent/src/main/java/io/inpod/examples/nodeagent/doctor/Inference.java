package io.inpod.examples.nodeagent.doctor;

import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.Detection;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Guesses which rules a pod should have, where no agent says it: those from which its rules differ least. */
final class Inference {
    private Inference() {}

    /** Returns whether there are rules of a pod, whoever installed them. */
    static boolean isRedirected(NetworkNamespace netns) throws IOException {
        return Detection.among(Backends.all(), netns, PodRules.NAMES).candidates().stream().anyMatch(Detection.Candidate::holdsRules);
    }

    /** Returns whether the rules are exactly those of istio-cni, with whatever options. */
    static boolean isIstios(NetworkNamespace netns) throws IOException {
        if (!isRedirected(netns)) {
            return false;
        }
        PodRules likeliest = of(netns, List.of());
        return !likeliest.guard() && new PodRulesChange(likeliest, Backends.all(), reason -> {}).ownDiff(netns).isEmpty();
    }

    /**
     * Returns the likeliest rules: this agent's, or without guard those of istio-cni.
     *
     * @param cgroups the cgroups to which an earlier agent restricted the mark; empty if none is known
     */
    static PodRules of(NetworkNamespace netns, List<String> cgroups) throws IOException {
        PodRules best = null;
        int fewest = Integer.MAX_VALUE;
        for (PodRules candidate : candidates(cgroups)) {
            int differences = new PodRulesChange(candidate, Backends.all(), reason -> {}).ownDiff(netns).size();
            if (best == null || differences < fewest) {
                best = candidate;
                fewest = differences;
            }
            if (differences == 0) {
                break;
            }
        }
        return Objects.requireNonNull(best, "there are candidates");
    }

    private static List<PodRules> candidates(List<String> cgroups) {
        List<PodRules> all = new ArrayList<>();
        for (boolean guard : new boolean[] {true, false}) {
            for (Profile profile : Profile.values()) {
                for (boolean dns : new boolean[] {false, true}) {
                    for (List<IpFamily> families : List.of(List.of(IpFamily.values()), List.of(IpFamily.V4))) {
                        PodRules rules = new PodRules(families.stream()
                                .map(family -> InPodRedirection.of(family).withProfile(profile).withDnsCapture(dns)).toList(), guard,
                                List.of());
                        all.add(guard && !cgroups.isEmpty() ? rules.withProxyCgroups(cgroups) : rules);
                    }
                }
            }
        }
        return all;
    }
}

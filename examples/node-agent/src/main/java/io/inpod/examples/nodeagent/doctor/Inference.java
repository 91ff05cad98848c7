package io.inpod.examples.nodeagent.doctor;

import io.inpod.iptables.Listing;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.Detection;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Guesses from a pod's rules which it should have, where no agent says it: those from which they differ least.
 *
 * @param backend the back end that has read them
 * @param held the rules
 */
record Inference(Backend backend, Listing held) {
    static Inference read(NetworkNamespace netns) throws IOException {
        Detection detection = Detection.among(Backends.all(), netns, PodRules.NAMES);
        Backend backend = detection.chosen().orElseThrow(() -> new IOException(detection.reason()));
        return new Inference(backend, backend.read(netns, PodRules.NAMES));
    }

    /** Returns whether there are rules of a pod, whoever installed them. */
    boolean isRedirected() {
        return !held.isEmpty();
    }

    /** Returns whether the rules are exactly those of istio-cni, with whatever options. */
    boolean isIstios() {
        PodRules likeliest = likeliest(List.of());
        return !likeliest.guard() && differences(likeliest) == 0;
    }

    /**
     * Returns the likeliest rules: this agent's, or without guard those of istio-cni.
     *
     * @param cgroups the cgroups to which an earlier agent restricted the mark; empty if none is known
     */
    PodRules likeliest(List<String> cgroups) {
        return candidates(cgroups).stream().min(Comparator.comparing(this::differences)).orElseThrow();
    }

    private int differences(PodRules candidate) {
        return Differences.between(held, PodRulesChange.ruleSet(candidate, backend)).size();
    }

    /** The usual ones first. */
    private static List<PodRules> candidates(List<String> cgroups) {
        List<PodRules> all = new ArrayList<>();
        for (boolean guard : new boolean[] {true, false}) {
            for (Profile profile : Profile.values()) {
                for (boolean dns : new boolean[] {false, true}) {
                    for (boolean ingress : profile == Profile.TPROXY ? new boolean[] {false} : new boolean[] {false, true}) {
                        for (List<IpFamily> families : List.of(List.of(IpFamily.values()), List.of(IpFamily.V4))) {
                            PodRules rules = new PodRules(families.stream().map(family -> InPodRedirection.of(family).withProfile(profile)
                                    .withDnsCapture(dns).withIngress(ingress)).toList(), guard, List.of());
                            all.add(guard && !cgroups.isEmpty() ? rules.withProxyCgroups(cgroups) : rules);
                        }
                    }
                }
            }
        }
        return all;
    }
}

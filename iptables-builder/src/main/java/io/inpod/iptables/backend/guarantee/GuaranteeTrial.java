package io.inpod.iptables.backend.guarantee;

import io.inpod.iptables.backend.internal.tools.KernelFamilies;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.doctor.InPodSurroundings;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Tries the guarantees of {@link PodRules} with real packets, and reports which are broken and by which rule.
 *
 * <p>The pod itself isn't touched: all of its rules, its policy routing, and the settings on which both depend are copied into a twin, a
 * pod that is created for the purpose, and the packets are sent there. The pod's own links, addresses and routes, and the proxy's listeners
 * aren't tested. Needs {@code netns-sockets}, the tools iptables and nft, and CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW. Blocks for
 * about half a second. A broken guarantee takes some tenths of a second more, or all the patience if nothing explains why a packet is lost.
 * May be called on any platform thread, and for several pods concurrently.
 */
public final class GuaranteeTrial {
    private final PodRules rules;
    private final IptablesTools tools;
    private final Duration patience;

    /**
     * Creates a trial that uses the system's tools and a patience of 5 s.
     *
     * @param rules the rules whose guarantees are tried
     */
    public GuaranteeTrial(PodRules rules) {
        this(rules, IptablesTools.system(), Duration.ofSeconds(5));
    }

    /**
     * Creates a trial.
     *
     * @param rules the rules whose guarantees are tried
     * @param tools the tools with which rules are copied; the variant doesn't matter
     * @param patience how long to wait for a packet whose loss nothing explains, more than 0
     */
    public GuaranteeTrial(PodRules rules, IptablesTools tools, Duration patience) {
        this.rules = rules;
        this.tools = tools;
        this.patience = patience;
    }

    /**
     * Tries every guarantee.
     *
     * @param namespace the namespace of the pod
     * @return the result for each guarantee, IPv4 first
     * @throws IOException if the rules can't be copied or the means to try them are missing; nothing is known about the guarantees then
     */
    public List<TrialResult> run(NetworkNamespace namespace) throws IOException {
        List<TrialResult> results = new ArrayList<>();
        try (PodTwin twin = PodTwin.create(rules); TrialTraffic traffic = new TrialTraffic(patience)) {
            RulesCopy copy = RulesCopy.of(tools, namespace);
            copy.into(twin.pod());
            if (rules.guard()) {
                Diversion.in(twin, rules, tools);
            }
            twin.surroundingsOf(namespace);
            List<String> findings = surroundings().diff(namespace);
            for (IpFamily family : IpFamily.values()) {
                if (KernelFamilies.has(family)) {
                    Blame blame = new Blame(rules, family, twin, copy, findings);
                    results.addAll(new FamilyTrial(rules, family, twin, traffic, blame).run());
                }
            }
        }
        return results;
    }

    private InPodSurroundings surroundings() {
        return new InPodSurroundings(
                rules.redirections().stream().anyMatch(redirection -> redirection.profile() == InPodRedirection.Profile.TPROXY),
                rules.redirections().stream().map(InPodRedirection::family).collect(Collectors.toSet()));
    }

    /** {@return the guarantees that {@link #run} tries, in words} */
    public List<String> guarantees() {
        List<String> words = new ArrayList<>();
        for (IpFamily family : IpFamily.values()) {
            Guarantee.of(rules, family).forEach(guarantee -> words.add(family + ": " + guarantee.words()));
        }
        return words;
    }
}

package io.inpod.iptables.backend.guarantee;

import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds what breaks the guarantees of one family: rules, routing, or settings. For one thread. */
final class Blame {
    private static final Pattern DROPPING = Pattern.compile("\\b(drop|reject)\\b", Pattern.CASE_INSENSITIVE);

    private final PodRules rules;
    private final IpFamily family;
    private final PodTwin twin;
    private final RulesCopy copy;
    private final List<String> findings;
    private @Nullable RuleTexts wanted;

    /**
     * Begins with an intact pod.
     *
     * @param rules the rules that the pod should have
     * @param copy the rules that the twin has
     * @param findings what is wrong with the settings on which the rules depend, in words
     */
    Blame(PodRules rules, IpFamily family, PodTwin twin, RulesCopy copy, List<String> findings) {
        this.rules = rules;
        this.family = family;
        this.twin = twin;
        this.copy = copy;
        this.findings = findings;
    }

    /** Begins to count which rules an attempt meets. */
    Met met(Attempt attempt) throws IOException {
        return new Met(attempt, copy.counted(twin.pod(), family));
    }

    private RuleTexts wanted() throws IOException {
        RuleTexts known = wanted;
        if (known == null) {
            known = copy.listed(rules, family);
            wanted = known;
        }
        return known;
    }

    /** The rules that an attempt meets. */
    final class Met {
        private final Attempt attempt;
        private final Map<String, Long> before;

        private Met(Attempt attempt, Map<String, Long> before) {
            this.attempt = attempt;
            this.before = before;
        }

        /** Whether it is known why nothing has arrived so far. */
        boolean explainsLoss() throws IOException {
            List<String> met = rules(copy.counted(twin.pod(), family));
            return met.stream().anyMatch(DROPPING.asPredicate()) || !reasons(met).isEmpty();
        }

        /** What breaks the guarantee, in words. */
        List<String> blamed() throws IOException {
            Map<String, Long> after = copy.counted(twin.pod(), family);
            List<String> reasons = reasons(rules(after));
            return reasons.isEmpty() ? wanted().failing(attempt, after.keySet()) : reasons;
        }

        private List<String> rules(Map<String, Long> after) {
            return after.entrySet().stream().filter(rule -> rule.getValue() > before.getOrDefault(rule.getKey(), 0L)).map(Map.Entry::getKey)
                    .toList();
        }

        private List<String> reasons(List<String> met) throws IOException {
            RuleTexts known = wanted();
            List<String> foreign = met.stream().filter(rule -> !known.contains(rule)).map(rule -> "met " + rule).toList();
            if (!foreign.isEmpty()) {
                return foreign;
            }
            if (attempt.guarantee() == Guarantee.RETURNED && !twin.returns(family)) {
                return List.of(String.format("packets with the mark 0x%x aren't routed back to the pod: there is no \"%s\", or no \"%s\"",
                        InPodConstants.TPROXY_MARK, PodTwin.rule(family), PodTwin.route(family)));
            }
            return findings;
        }
    }
}

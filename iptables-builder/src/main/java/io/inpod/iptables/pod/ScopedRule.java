package io.inpod.iptables.pod;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;

/**
 * A rule without addresses, and the same rule restricted to each family. Most rules of a pod are constants of this type, because
 * restricting a rule sorts and checks it again.
 */
record ScopedRule(Rule both, Rule v4, Rule v6) {
    static ScopedRule of(Rule rule) {
        return new ScopedRule(rule, only(rule, IpFamily.V4), only(rule, IpFamily.V6));
    }

    /** Returns the rule for some families. */
    Rule in(FamilyScope scope) {
        return switch (scope) {
            case V4 -> v4;
            case V6 -> v6;
            case BOTH -> both;
        };
    }

    /** Restricts a rule to a family, unless a part of it does so already. */
    static Rule only(Rule rule, IpFamily family) {
        if (rule.families() != FamilyScope.BOTH) {
            return rule;
        }
        List<Match> matches = new ArrayList<>(rule.matches().size() + 1);
        matches.add(Match.family(family));
        matches.addAll(rule.matches());
        return new Rule(matches, rule.target());
    }
}

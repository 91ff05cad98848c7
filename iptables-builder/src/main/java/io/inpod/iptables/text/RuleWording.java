package io.inpod.iptables.text;

import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Target;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;

/** Describes one rule, or the difference between two, in words. */
final class RuleWording {
    private RuleWording() {}

    /** Returns a rule as iptables-save would print it, or if iptables-save can't, its {@code toString}. */
    static String text(Rule rule, IpFamily family) {
        if (rule.target() instanceof Target.Raw raw) {
            return raw.text();
        }
        try {
            return RuleText.of(rule, family);
        } catch (IllegalArgumentException e) {
            return rule.toString();
        }
    }

    /** Returns a found rule in the same format as a wanted one; a rule that the model can't express, in the format of the listing. */
    static String text(ListedRule found, IpFamily family) {
        return found.rule().map(rule -> text(rule, family)).orElse(found.text());
    }

    static String change(ListedRule found, Rule wanted, IpFamily family) {
        if (wanted.target() instanceof Target.Raw) {
            String listed = found.raw().map(raw -> text(raw, family)).orElseGet(() -> text(found, family));
            return "found " + listed + " instead of " + text(wanted, family)
                    + (found.raw().isPresent() ? " (a raw rule must be given as it is listed)" : "");
        }
        if (found.rule().isPresent() && !(found.rule().get().target() instanceof Target.Raw)) {
            Rule is = found.rule().get();
            if (is.matches().equals(wanted.matches())) {
                return target(is.target(), wanted.target(), family);
            }
            List<Match> missing = new ArrayList<>(wanted.matches());
            missing.removeAll(is.matches());
            List<Match> foreign = new ArrayList<>(is.matches());
            foreign.removeAll(wanted.matches());
            if (is.target().equals(wanted.target()) && missing.size() + foreign.size() <= 2 && missing.size() + foreign.size() > 0) {
                return (missing.isEmpty() ? "" : "lacks the condition " + conditions(missing, wanted, family))
                        + (missing.isEmpty() || foreign.isEmpty() ? "" : " and ")
                        + (foreign.isEmpty() ? "" : "has the foreign condition " + conditions(foreign, is, family));
            }
        }
        return "found " + text(found, family) + " instead of " + text(wanted, family);
    }

    private static String target(Target is, Target wanted, IpFamily family) {
        if (is instanceof Target.Redirect a && wanted instanceof Target.Redirect b) {
            return "redirect goes to " + a.ports().text('-') + " instead of " + b.ports().text('-');
        }
        if (is instanceof Target.Tproxy a && wanted instanceof Target.Tproxy b && a.port() != b.port()) {
            return "tproxy goes to port " + a.port() + " instead of " + b.port();
        }
        return "does " + targetText(is, family) + " instead of " + targetText(wanted, family);
    }

    private static String targetText(Target target, IpFamily family) {
        return target.accept(new TargetText(new StringBuilder(), family)).substring(4);
    }

    /** Returns the text of the conditions alone; where they don't form a valid rule by themselves, the text of the whole rule. */
    private static String conditions(List<Match> matches, Rule rule, IpFamily family) {
        try {
            return RuleText.conditions(matches, family);
        } catch (IllegalArgumentException e) {
            return rule.toString();
        }
    }
}

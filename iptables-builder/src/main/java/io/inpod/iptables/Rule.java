package io.inpod.iptables;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Conditions and what to do with packets that meet all of them.
 *
 * <p>Kept in the form in which iptables-save(8) lists it:
 * <ul>
 * <li>addresses, interfaces and protocol come first, in that order; then the other conditions as given; the comment comes last
 * <li>blocks of length 0 and port ranges over everything are left out, and all conditions on a TCP or UDP header are put together
 * where the first of them stands
 * <li>{@link Match.Family} comes first of all, and is left out where another part tells the family
 * </ul>
 *
 * @param matches the conditions; none means every packet
 * @param target what to do
 */
public record Rule(List<Match> matches, Target target) {
    private static final Comparator<Match> ORDER = Comparator.comparingInt(Rule::place);

    /**
     * Brings the conditions into order and checks the parts against each other.
     *
     * @param matches the conditions; none means every packet
     * @param target what to do
     * @throws IllegalArgumentException if a kind of basic condition, a comment or a part of the header is there twice, a negated block
     *     holds every address, parts are of different families, or a port, type or target is used without its protocol
     */
    public Rule {
        List<Match> kept = new ArrayList<>();
        for (Match match : matches) {
            add(kept, match);
        }
        Optional<IpFamily> implied = implied(kept, target);
        if (implied.isPresent()) {
            kept.removeIf(match -> match instanceof Match.Family);
        }
        if (kept.size() > 1) {
            kept.sort(ORDER);
        }
        matches = List.copyOf(kept);
        RuleCheck.check(matches, target);
    }

    /**
     * Makes a rule.
     *
     * @param target what to do
     * @param matches the conditions; none means every packet
     * @return the rule
     * @throws IllegalArgumentException if the parts don't fit each other
     */
    public static Rule of(Target target, Match... matches) {
        return new Rule(List.of(matches), target);
    }

    /** {@return the only family whose packets can meet this rule, if that is so} */
    public Optional<IpFamily> onlyFamily() {
        for (Match match : matches) {
            if (match.onlyFamily().isPresent()) {
                return match.onlyFamily();
            }
        }
        return target.onlyFamily();
    }

    /** {@return the protocol that the rule asks for, if it asks for one} */
    public Optional<Protocol> protocol() {
        for (Match match : matches) {
            if (match instanceof Match.IpProtocol p && !p.negated()) {
                return Optional.of(p.protocol());
            }
        }
        return Optional.empty();
    }

    /**
     * The rule as it stands among rules of one family: without {@link Match.Family}.
     *
     * @return this or a shorter rule
     */
    Rule withoutFamily() {
        if (matches.isEmpty() || !(matches.get(0) instanceof Match.Family)) {
            return this;
        }
        return new Rule(matches.subList(1, matches.size()), target);
    }

    private static void add(List<Match> kept, Match match) {
        if (match instanceof Match.Transport more) {
            for (int i = 0; i < kept.size(); i++) {
                if (kept.get(i) instanceof Match.Transport transport) {
                    kept.set(i, transport.and(more));
                    return;
                }
            }
        }
        if (match instanceof Match.Basic || match instanceof CommentMatch) {
            for (Match other : kept) {
                if (other.getClass() == match.getClass()) {
                    throw new IllegalArgumentException("rule has two conditions of the kind " + match.getClass().getSimpleName());
                }
            }
        }
        if (!everything(match)) {
            kept.add(match);
        }
    }

    private static int place(Match match) {
        if (!(match instanceof Match.Basic)) {
            return match instanceof CommentMatch ? 7 : 6;
        } else if (match instanceof Match.Family) {
            return 0;
        } else if (match instanceof Match.Source) {
            return 1;
        } else if (match instanceof Match.Destination) {
            return 2;
        } else if (match instanceof Match.InInterface) {
            return 3;
        }
        return match instanceof Match.OutInterface ? 4 : 5;
    }

    private static Optional<IpFamily> implied(List<Match> matches, Target target) {
        Optional<IpFamily> family = target.onlyFamily();
        Optional<IpFamily> asked = Optional.empty();
        for (Match match : matches) {
            if (match instanceof Match.Family f) {
                asked = Optional.of(f.only());
            } else if (match.onlyFamily().isPresent()) {
                if (family.isPresent() && !family.equals(match.onlyFamily())) {
                    throw new IllegalArgumentException("rule mixes " + family.get() + " and " + match.onlyFamily().get() + " in " + matches + " " + target);
                }
                family = match.onlyFamily();
            }
        }
        if (family.isPresent() && asked.isPresent() && !family.equals(asked)) {
            throw new IllegalArgumentException("rule for " + asked.get() + " has a part of " + family.get() + ": " + matches + " " + target);
        }
        return family;
    }

    private static boolean everything(Match match) {
        IpPrefix prefix = null;
        boolean negated = false;
        if (match instanceof Match.Source m) {
            prefix = m.prefix();
            negated = m.negated();
        } else if (match instanceof Match.Destination m) {
            prefix = m.prefix();
            negated = m.negated();
        }
        if (prefix == null || prefix.length() > 0) {
            return false;
        }
        if (negated) {
            throw new IllegalArgumentException("rule asks for an address outside " + prefix + ": no packet would match");
        }
        return true;
    }
}

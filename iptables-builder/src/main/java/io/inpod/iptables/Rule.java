package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Conditions, and a target for the packets that meet all of them.
 *
 * <p>A rule is stored in the form in which iptables-save(8) lists it:
 * <ul>
 * <li>addresses, interfaces and protocol come first, in that order; then the other conditions as given; the comment comes last
 * <li>blocks of length 0 and ranges of all ports are left out, and all conditions on a TCP or UDP header, or on a local socket, are
 * merged at the place of the first of them
 * <li>{@link FamilyMatch} comes first, and is left out where another part implies the family
 * </ul>
 *
 * <p>Two rules are equal if they mean the same: conditions commute, except with one that counts ({@link Match#isCounting}).
 *
 * @param matches the conditions; none means every packet
 * @param target what happens to the packets
 */
public record Rule(List<Match> matches, Target target) {
    /**
     * Sorts the conditions and checks that the parts fit together.
     *
     * @param matches the conditions
     * @param target what happens to the packets
     * @throws IllegalArgumentException if a kind of basic condition, a comment or a condition on a part of the header occurs twice, a
     *     negated block contains every address, parts are of different families, or a port, type or target is used without its protocol
     */
    public Rule {
        matches = canonical(matches, target);
        RuleCheck.check(matches, target);
    }

    /**
     * Creates a rule.
     *
     * @param target what happens to the packets
     * @param matches the conditions; none means every packet
     * @return the rule
     * @throws IllegalArgumentException if the parts do not fit together
     */
    public static Rule of(Target target, Match... matches) {
        return new Rule(Arrays.asList(matches), target);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Rule rule && target.equals(rule.target)
                && (matches.equals(rule.matches) || matches.size() == rule.matches.size() && commute(matches, rule.matches));
    }

    @Override
    public int hashCode() {
        int hash = target.hashCode();
        for (Match match : matches) {
            hash += match.hashCode(); // whatever their order
        }
        return hash;
    }

    /** Whether two lists have the same conditions between those that count, which count the packets that have met those before them. */
    private static boolean commute(List<Match> some, List<Match> others) {
        List<Match> open = new ArrayList<>();
        for (int i = 0; i < some.size(); i++) {
            open.add(some.get(i));
            if (i + 1 == some.size() || some.get(i).isCounting() || others.get(i).isCounting()) {
                for (int j = i + 1 - open.size(), end = i; j <= end; j++) {
                    if (!open.remove(others.get(j))) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /** {@return the families whose packets can meet this rule} */
    public FamilyScope families() {
        for (int i = 0; i < matches.size(); i++) { // by index, here and in the checks, because iterators would be much of a rule's cost
            FamilyScope families = matches.get(i).families();
            if (families != FamilyScope.BOTH) {
                return families;
            }
        }
        return target.families();
    }

    /** {@return the protocol that packets must have, if the rule names one} */
    public Optional<Protocol> protocol() {
        for (Match match : matches) {
            if (match instanceof ProtocolMatch p && !p.negated()) {
                return Optional.of(p.protocol());
            }
        }
        return Optional.empty();
    }

    /**
     * Returns this rule for the packets of one family.
     *
     * @param family the family
     * @return this rule with a {@link FamilyMatch}, unless another part implies the family
     * @throws IllegalArgumentException if the rule is for the other family
     */
    public Rule only(IpFamily family) {
        List<Match> all = new ArrayList<>(matches);
        if (all.isEmpty() || !(all.get(0) instanceof FamilyMatch)) {
            all.add(0, new FamilyMatch(family));
        }
        return new Rule(all, target);
    }

    /**
     * Returns the rule as it is among rules of one family.
     *
     * @return this rule without {@link FamilyMatch}
     */
    public Rule withoutFamily() {
        if (matches.isEmpty() || !(matches.get(0) instanceof FamilyMatch)) {
            return this;
        }
        return new Rule(matches.subList(1, matches.size()), target);
    }

    private static List<Match> canonical(List<Match> given, Target target) {
        Match[] kept = new Match[given.size()];
        int count = 0;
        for (Match match : given) {
            if (!everything(match)) {
                count = insert(kept, count, match);
            }
        }
        boolean implied = checkFamilies(kept, count, target);
        int from = implied && count > 0 && kept[0] instanceof FamilyMatch ? 1 : 0;
        return List.of(from == 0 && count == kept.length ? kept : Arrays.copyOfRange(kept, from, count));
    }

    /** Inserts a condition after those of the same place, and returns the new number of conditions. */
    private static int insert(Match[] kept, int count, Match match) {
        if (match instanceof TransportMatch more) {
            for (int i = 0; i < count; i++) {
                if (kept[i] instanceof TransportMatch transport) {
                    kept[i] = transport.and(more);
                    checkNoCount(kept, i, count);
                    return count;
                }
            }
        }
        if (match instanceof SocketMatch more) {
            for (int i = count - 1; i >= 0 && !kept[i].isCounting(); i--) {
                if (kept[i] instanceof SocketMatch socket) {
                    kept[i] = socket.and(more);
                    return count;
                }
            }
        }
        int place = MatchTraits.of(match).place();
        int at = count;
        while (at > 0 && MatchTraits.of(kept[at - 1]).place() > place) {
            kept[at] = kept[at - 1];
            at--;
        }
        if (place != MatchTraits.SEVERAL && at > 0 && MatchTraits.of(kept[at - 1]).place() == place) {
            throw new IllegalArgumentException("rule has two conditions of the kind " + match.getClass().getSimpleName());
        }
        kept[at] = match;
        return count + 1;
    }

    private static void checkNoCount(Match[] kept, int from, int count) {
        for (int i = from; i < count; i++) {
            if (kept[i].isCounting()) {
                throw new IllegalArgumentException("rule has conditions on the header on both sides of " + kept[i] + ", which counts");
            }
        }
    }

    /** Returns whether parts other than {@link FamilyMatch} imply a family; all that do must imply the same. */
    private static boolean checkFamilies(Match[] matches, int count, Target target) {
        FamilyScope implied = target.families();
        FamilyScope asked = FamilyScope.BOTH;
        for (int i = 0; i < count; i++) {
            FamilyScope families = matches[i].families();
            if (matches[i] instanceof FamilyMatch) {
                asked = families;
            } else if (families != FamilyScope.BOTH) {
                if (implied != FamilyScope.BOTH && implied != families) {
                    throw new IllegalArgumentException("rule mixes " + implied + " and " + families + " in "
                            + Arrays.asList(matches).subList(0, count) + " " + target);
                }
                implied = families;
            }
        }
        if (implied != FamilyScope.BOTH && asked != FamilyScope.BOTH && implied != asked) {
            throw new IllegalArgumentException("rule for " + asked + " has a part of " + implied + ": "
                    + Arrays.asList(matches).subList(0, count) + " " + target);
        }
        return implied != FamilyScope.BOTH;
    }

    private static boolean everything(Match match) {
        IpPrefix prefix;
        boolean negated;
        if (match instanceof SourceMatch m) {
            prefix = m.prefix();
            negated = m.negated();
        } else if (match instanceof DestinationMatch m) {
            prefix = m.prefix();
            negated = m.negated();
        } else {
            return false;
        }
        if (negated && prefix.length() == 0) {
            throw new IllegalArgumentException("rule asks for an address outside " + prefix + ": no packet would match");
        }
        return prefix.length() == 0;
    }
}

package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.Arrays;
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
 * <li>{@link FamilyMatch} comes first of all, and is left out where another part tells the family
 * </ul>
 *
 * @param matches the conditions; none means every packet
 * @param target what to do
 */
public record Rule(List<Match> matches, Target target) {
    /**
     * Brings the conditions into order and checks the parts against each other.
     *
     * @param matches the conditions; none means every packet
     * @param target what to do
     * @throws IllegalArgumentException if a kind of basic condition, a comment or a part of the header is there twice, a negated block
     *     holds every address, parts are of different families, or a port, type or target is used without its protocol
     */
    public Rule {
        matches = canonical(matches, target);
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
        return new Rule(Arrays.asList(matches), target);
    }

    /** {@return the families whose packets can meet this rule} */
    public FamilyScope families() {
        for (Match match : matches) {
            FamilyScope families = match.families();
            if (families != FamilyScope.BOTH) {
                return families;
            }
        }
        return target.families();
    }

    /** {@return the protocol that the rule asks for, if it asks for one} */
    public Optional<Protocol> protocol() {
        for (Match match : matches) {
            if (match instanceof ProtocolMatch p && !p.negated()) {
                return Optional.of(p.protocol());
            }
        }
        return Optional.empty();
    }

    /**
     * The rule as it stands among rules of one family: without {@link FamilyMatch}.
     *
     * @return this or a shorter rule
     */
    Rule withoutFamily() {
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

    /** Puts a condition where it belongs, behind those of the same place. Returns how many there are then. */
    private static int insert(Match[] kept, int count, Match match) {
        if (match instanceof TransportMatch more) {
            for (int i = 0; i < count; i++) {
                if (kept[i] instanceof TransportMatch transport) {
                    kept[i] = transport.and(more);
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

    /** Whether parts beside a {@link FamilyMatch} tell the family; all that do must tell the same. */
    private static boolean checkFamilies(Match[] matches, int count, Target target) {
        FamilyScope told = target.families();
        FamilyScope asked = FamilyScope.BOTH;
        for (int i = 0; i < count; i++) {
            FamilyScope families = matches[i].families();
            if (matches[i] instanceof FamilyMatch) {
                asked = families;
            } else if (families != FamilyScope.BOTH) {
                if (told != FamilyScope.BOTH && told != families) {
                    throw new IllegalArgumentException("rule mixes " + told + " and " + families + " in "
                            + Arrays.asList(matches).subList(0, count) + " " + target);
                }
                told = families;
            }
        }
        if (told != FamilyScope.BOTH && asked != FamilyScope.BOTH && told != asked) {
            throw new IllegalArgumentException("rule for " + asked + " has a part of " + told + ": "
                    + Arrays.asList(matches).subList(0, count) + " " + target);
        }
        return told != FamilyScope.BOTH;
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

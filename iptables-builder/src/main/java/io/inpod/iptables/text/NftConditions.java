package io.inpod.iptables.text;

import io.inpod.iptables.BasicMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Match;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;

/** The conditions of a rule, as far as they have been read. nft lists some in two parts, of which the second completes the first. */
final class NftConditions {
    private final List<Match> matches = new ArrayList<>();

    void add(Match match) {
        matches.add(match);
    }

    void addOnce(Match match) {
        if (!matches.contains(match)) {
            matches.add(match);
        }
    }

    /** Adds the family that another condition implies: nft 1.0.6 doesn't list one that comes before a condition that counts. */
    void addFamily(IpFamily family) {
        Match match = new FamilyMatch(family);
        if (!matches.contains(match)) {
            matches.add(0, match);
        }
    }

    /** Adds a condition on a header, which implies the header's protocol. */
    void addHeader(Protocol protocol, Match match) {
        addOnce(new ProtocolMatch(protocol, false));
        matches.add(match);
    }

    /** Returns whether the last condition equals another. */
    boolean endWith(Match match) {
        return !matches.isEmpty() && last().equals(match);
    }

    Match last() {
        return matches.get(matches.size() - 1);
    }

    void replaceLast(Match match) {
        matches.set(matches.size() - 1, match);
    }

    /** The families of the packets that meet the conditions. */
    FamilyScope families() {
        return matches.stream().map(Match::families).filter(scope -> scope != FamilyScope.BOTH).findFirst().orElse(FamilyScope.BOTH);
    }

    /** Returns all. In the model, those on addresses, interfaces and protocol come before one that counts what they let through. */
    List<Match> all() {
        boolean counted = false;
        for (Match match : matches) {
            if (counted && match instanceof BasicMatch) {
                throw new IllegalArgumentException(match + " after one that counts");
            }
            counted |= match.isCounting();
        }
        return List.copyOf(matches);
    }
}

package io.inpod.iptables.text;

import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.AddressType;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.PortSetMatch;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.ProtocolNumberMatch;
import io.inpod.iptables.RandomMatch;
import io.inpod.iptables.Rule;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.Target;
import io.inpod.iptables.TransportMatch;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;

/**
 * Words rules of an {@code inet} table as nft(8) reads them: family, interfaces, protocol, then the other conditions in their order, and a
 * counter before the target, unless it is a jump without a comment. {@link NftMatch} and {@link NftTarget} word the parts.
 */
final class NftRule {
    private NftRule() {}

    /**
     * Words a rule, mostly in one text. TPROXY needs two: without a socket, nf_tables continues with the next rule, where x_tables drops.
     * So does a count of each address for both families: a set has addresses of one.
     *
     * @param outer the families to which a rule that names none is restricted
     * @param counts to which the sets are added in which it counts connections of each address
     * @throws IllegalArgumentException naming what nft can't express
     */
    static List<String> of(Rule rule, FamilyScope outer, NftCounts counts) {
        FamilyScope families = rule.families().within(outer);
        if (families == FamilyScope.BOTH && rule.matches().stream().anyMatch(m -> m instanceof ConnlimitMatch c && c.isPerAddress())) {
            List<String> texts = new ArrayList<>();
            for (IpFamily family : IpFamily.values()) {
                texts.addAll(of(rule.only(family), outer, counts));
            }
            return texts;
        }
        if (rule.target() instanceof Target.Raw) {
            return List.of(rule.target().accept(new NftTarget(families)));
        }
        List<String> parts = conditions(rule.matches(), families, counts);
        String start = parts.isEmpty() ? "" : String.join(" ", parts) + " ";
        String comment = comment(rule.matches());
        String counter = rule.target().destination().isPresent() && comment.isEmpty() ? "" : "counter ";
        String whole = start + counter + rule.target().accept(new NftTarget(families)) + comment;
        if (rule.target() instanceof Target.Tproxy) {
            rule.matches().stream().filter(match -> match.isCounting() || match instanceof RandomMatch).findFirst().ifPresent(match -> {
                throw cannot("TPROXY with " + match + ", which it would count or draw twice");
            });
            return List.of(whole, start + "counter drop");
        }
        return List.of(whole);
    }

    private static String comment(List<Match> matches) {
        return matches.stream().filter(CommentMatch.class::isInstance).map(match -> " " + NftMatch.of(match)).findFirst().orElse("");
    }

    private static List<String> conditions(List<Match> matches, FamilyScope families, NftCounts counts) {
        NftMatch words = new NftMatch(families, counts);
        List<String> parts = new ArrayList<>();
        boolean counted = matches.stream().anyMatch(Match::isCounting); // what comes before it
        boolean addressed = matches.stream()
                .anyMatch(m -> m instanceof SourceMatch || m instanceof DestinationMatch
                        || (m instanceof SetMatch || m instanceof AddressRangeMatch) && !counted);
        if (!addressed) {
            families.single().ifPresent(family -> parts.add(NftMatch.nfproto(family)));
        }
        matches.stream().filter(m -> m instanceof InInterfaceMatch || m instanceof OutInterfaceMatch)
                .forEach(m -> parts.add(m.accept(words)));
        boolean header = !counted
                && matches.stream().anyMatch(m -> m instanceof TransportMatch || m instanceof MultiportMatch || m instanceof PortSetMatch
                        || m instanceof IcmpMatch);
        for (Match match : matches) {
            if (match instanceof ProtocolNumberMatch || match instanceof ProtocolMatch m && (!header || m.negated())) {
                parts.add(match.accept(words));
            }
        }
        matches.stream().filter(m -> !isElsewhere(m)).forEach(m -> parts.add(m.accept(words)));
        return parts;
    }

    /** Whether a condition is worded before or behind the others. */
    private static boolean isElsewhere(Match match) {
        return match instanceof FamilyMatch || match instanceof InInterfaceMatch || match instanceof OutInterfaceMatch
                || match instanceof ProtocolMatch || match instanceof ProtocolNumberMatch
                || match instanceof CommentMatch;
    }

    static IllegalArgumentException cannot(String what) {
        return new IllegalArgumentException("nft can't express " + what);
    }

    /** The numbers by which the kernel knows the names, linux/netfilter/nf_conntrack_common.h and linux/rtnetlink.h. */
    static int bit(ConntrackState state) {
        return switch (state) {
            case INVALID -> 1;
            case ESTABLISHED -> 2;
            case RELATED -> 4;
            case NEW -> 8;
            case UNTRACKED -> 64;
        };
    }

    static int bit(ConntrackStatus status) {
        return 1 << status.ordinal();
    }

    static int number(AddressType type) {
        return type.ordinal() + 1;
    }
}

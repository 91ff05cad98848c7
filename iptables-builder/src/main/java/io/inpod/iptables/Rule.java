package io.inpod.iptables;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Conditions and what to do with packets that meet all of them.
 *
 * <p>Kept in the form in which iptables-save lists it: first addresses, interfaces and protocol in a fixed order, then the other
 * conditions as given; a block of length 0 is left out.
 *
 * @param matches the conditions; none means every packet
 * @param target what to do
 */
public record Rule(List<Match> matches, Target target) {
    private static final List<Class<? extends Match>> ORDER = List.of(Match.Source.class, Match.Destination.class,
            Match.InInterface.class, Match.OutInterface.class, Match.IpProtocol.class);

    /**
     * Checks the parts against each other.
     *
     * @param matches the conditions; none means every packet
     * @param target what to do
     * @throws IllegalArgumentException if a kind of basic condition is there twice, a negated block holds every address, or a port,
     *     {@link Target.Redirect}, {@link Target.Tproxy} or TCP reset is used without its protocol
     */
    public Rule {
        List<Match> kept = new ArrayList<>();
        for (Match match : matches) {
            if (match instanceof Match.Basic && kept.stream().anyMatch(m -> m.getClass() == match.getClass())) {
                throw new IllegalArgumentException("rule has two conditions of the kind " + match.getClass().getSimpleName());
            }
            if (!everything(match)) {
                kept.add(match);
            }
        }
        kept.sort(Comparator.comparingInt(m -> ORDER.contains(m.getClass()) ? ORDER.indexOf(m.getClass()) : ORDER.size()));
        matches = List.copyOf(kept);
        Optional<Protocol> protocol = protocol(matches);
        for (Match match : matches) {
            if (match instanceof Match.Transport t && !protocol.equals(Optional.of(t.protocol()))) {
                throw new IllegalArgumentException("rule asks for a " + t.protocol().text() + " header or port but not for protocol " + t.protocol().text());
            }
        }
        if ((target instanceof Target.Redirect || target instanceof Target.Tproxy) && protocol.isEmpty()) {
            throw new IllegalArgumentException("rule with " + target + " needs the protocol tcp or udp");
        }
        if (target instanceof Target.Reject r && r.with() == RejectWith.TCP_RESET && !protocol.equals(Optional.of(Protocol.TCP))) {
            throw new IllegalArgumentException("rule with " + target + " needs the protocol tcp");
        }
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

    private static Optional<Protocol> protocol(List<Match> matches) {
        for (Match match : matches) {
            if (match instanceof Match.IpProtocol p && !p.negated()) {
                return Optional.of(p.protocol());
            }
        }
        return Optional.empty();
    }
}

package io.inpod.iptables.text;

import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.Mark;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.ProtocolNumberMatch;
import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.iptables.internal.ProtocolNames;
import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads conditions on what the kernel knows of a packet, {@code meta}, and of its connection, {@code ct}. */
final class NftKeyParser {
    private NftKeyParser() {}

    static void read(NftComparison found, NftConditions conditions) {
        Object right = found.right();
        String field = NftValue.field(found.field());
        switch (field) {
            case "meta nfproto" -> {
                if (found.negated()) {
                    throw new IllegalArgumentException(field);
                }
                conditions.addOnce(new FamilyMatch(family(right)));
            }
            case "meta iifname" -> conditions.add(new InInterfaceMatch(link((String) right), found.negated()));
            case "meta oifname" -> conditions.add(new OutInterfaceMatch(link((String) right), found.negated()));
            case "meta l4proto" -> conditions.add(protocol(right, found.negated()));
            case "meta mark" -> conditions.add(new MarkMatch(mark(right), found.negated()));
            case "ct mark" -> conditions.add(new ConnmarkMatch(mark(right), found.negated()));
            case "ct state" -> conditions.add(state(found));
            case "ct status" -> conditions.add(new ConntrackStatusMatch(NftFlags.STATUSES.of(right), !found.anyOf()));
            case "meta skuid" -> {
                long[] range = NftValue.range(right);
                conditions.add(new OwnerUserMatch(range[0], range[1], found.negated()));
            }
            case "meta skgid" -> {
                long[] range = NftValue.range(right);
                conditions.add(new OwnerGroupMatch(range[0], range[1], found.negated()));
            }
            default -> throw new IllegalArgumentException(field);
        }
    }

    private static IpFamily family(Object right) {
        if (right.equals("ipv4") || right.equals(2L)) {
            return IpFamily.V4;
        } else if (right.equals("ipv6") || right.equals(10L)) {
            return IpFamily.V6;
        }
        throw new IllegalArgumentException("family " + right);
    }

    /** A name that ends with an asterisk is a prefix of names, unless a backslash precedes the asterisk. */
    private static String link(String name) {
        if (name.endsWith("\\*")) {
            return name.substring(0, name.length() - 2) + "*";
        }
        return name.endsWith("*") ? InterfaceNames.prefix(name.substring(0, name.length() - 1)) : InterfaceNames.single(name);
    }

    private static Match protocol(Object right, boolean negated) {
        Integer number = right instanceof Long given ? Integer.valueOf(Math.toIntExact(given)) : ProtocolNames.number((String) right);
        if (number == null) {
            throw new IllegalArgumentException("protocol " + right);
        }
        return ProtocolNumberMatch.of(number, negated);
    }

    /** A mask of leading bits is listed as a prefix. */
    private static Mark mark(Object right) {
        if (right instanceof Map<?, ?> map && map.get("prefix") instanceof Map<?, ?> prefix) {
            int length = NftValue.number(prefix.get("len"));
            int mask = length == 0 ? 0 : -1 << 32 - length;
            return new Mark(NftBits.constant(NftValue.some(prefix.get("addr")), Map.of()) & mask, mask);
        }
        return Mark.exactly(NftBits.constant(right, Map.of()));
    }

    /** A packet has exactly one state, so that comparing with one, or finding it in a set, is asking for any of these. */
    private static Match state(NftComparison found) {
        Object right = found.right();
        if (found.operator().equals("in") || found.operator().equals("!")) {
            return new ConntrackStateMatch(NftFlags.STATES.of(right), !found.anyOf());
        }
        Object any = right instanceof Map<?, ?> map && map.size() == 1 && map.get("set") instanceof List<?> set ? set : null;
        Set<ConntrackState> states = NftFlags.STATES.of(any == null ? right : any);
        if (any == null && states.size() != 1) {
            throw new IllegalArgumentException("ct state " + right);
        }
        return new ConntrackStateMatch(states, found.negated());
    }
}

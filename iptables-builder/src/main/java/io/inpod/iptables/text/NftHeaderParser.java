package io.inpod.iptables.text;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Match;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.PortSetMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.TcpFlags;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** Reads conditions on the fields of a packet's headers, {@code payload}. */
final class NftHeaderParser {
    private static final int LAST_PORT = 65535;
    /** The names of nft(8) for the types with which rules usually deal. */
    private static final Map<String, Integer> ICMP_TYPES = Map.of("echo-reply", 0, "destination-unreachable", 3, "redirect", 5,
            "echo-request", 8, "router-advertisement", 9, "router-solicitation", 10, "time-exceeded", 11, "parameter-problem", 12,
            "timestamp-request", 13, "timestamp-reply", 14);
    private static final Map<String, Integer> ICMPV6_TYPES = Map.of("destination-unreachable", 1, "packet-too-big", 2, "time-exceeded", 3,
            "parameter-problem", 4, "echo-request", 128, "echo-reply", 129, "nd-router-solicit", 133, "nd-router-advert", 134,
            "nd-neighbor-solicit", 135, "nd-neighbor-advert", 136);

    private NftHeaderParser() {}

    static void read(NftComparison found, NftConditions conditions) {
        String field = NftValue.field(found.field());
        switch (field) {
            case "ip saddr" -> conditions.add(address(IpFamily.V4, Side.SOURCE, found));
            case "ip daddr" -> conditions.add(address(IpFamily.V4, Side.DESTINATION, found));
            case "ip6 saddr" -> conditions.add(address(IpFamily.V6, Side.SOURCE, found));
            case "ip6 daddr" -> conditions.add(address(IpFamily.V6, Side.DESTINATION, found));
            case "tcp sport" -> conditions.addHeader(Protocol.TCP, ports(Protocol.TCP, Side.SOURCE, found));
            case "tcp dport" -> conditions.addHeader(Protocol.TCP, ports(Protocol.TCP, Side.DESTINATION, found));
            case "udp sport" -> conditions.addHeader(Protocol.UDP, ports(Protocol.UDP, Side.SOURCE, found));
            case "udp dport" -> conditions.addHeader(Protocol.UDP, ports(Protocol.UDP, Side.DESTINATION, found));
            case "tcp flags" -> conditions.addHeader(Protocol.TCP,
                    Match.flags(new TcpFlags(NftFlags.TCP.of(found.right()), Set.of(), found.anyOf())));
            case "icmp type" -> conditions.addHeader(Protocol.ICMP, icmp(Protocol.ICMP, found));
            case "icmpv6 type" -> conditions.addHeader(Protocol.ICMPV6, icmp(Protocol.ICMPV6, found));
            case "icmp code", "icmpv6 code" -> conditions.replaceLast(withCode((IcmpMatch) conditions.last(), found));
            default -> throw new IllegalArgumentException(field);
        }
    }

    private static Match address(IpFamily family, Side side, NftComparison found) {
        Object right = found.right();
        boolean not = found.negated();
        if (right instanceof String text && text.startsWith("@")) {
            return new SetMatch(text.substring(1), family, side, not);
        }
        if (right instanceof Map<?, ?> map && map.get("range") instanceof List<?> ends) {
            return AddressRangeMatch.of(side, AddressRange.parse(ends.get(0) + "-" + ends.get(1)), not);
        }
        IpPrefix prefix = right instanceof Map<?, ?> map && map.get("prefix") instanceof Map<?, ?> block
                ? new IpPrefix(IpPrefix.parse(String.valueOf(block.get("addr"))).address(), NftValue.number(block.get("len")))
                : IpPrefix.parse((String) right);
        return side == Side.SOURCE ? new SourceMatch(prefix, not) : new DestinationMatch(prefix, not);
    }

    /** One range, or a set of ranges with or without a name. */
    private static Match ports(Protocol protocol, Side side, NftComparison found) {
        Object right = found.right();
        if (right instanceof String text && text.startsWith("@")) {
            return new PortSetMatch(text.substring(1), protocol, side, found.negated());
        }
        List<Ports> ports = new ArrayList<>();
        for (Object one : right instanceof Map<?, ?> map && map.get("set") instanceof List<?> set ? set : List.of(right)) {
            ports.add(ports(found.operator(), one));
        }
        return MultiportMatch.of(protocol, side, ports, found.operator().equals("!="));
    }

    private static Ports ports(String operator, Object right) {
        if (operator.equals("==") || operator.equals("!=")) {
            return NftValue.ports(right);
        }
        int port = NftValue.number(right);
        return switch (operator) {
            case "<" -> new Ports(0, port - 1);
            case "<=" -> new Ports(0, port);
            case ">" -> new Ports(port + 1, LAST_PORT);
            case ">=" -> new Ports(port, LAST_PORT);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static Match icmp(Protocol protocol, NftComparison found) {
        return new IcmpMatch(protocol, icmpType(protocol, found.right()), OptionalInt.empty(), found.negated());
    }

    private static int icmpType(Protocol protocol, Object right) {
        if (right instanceof Long number) {
            return Math.toIntExact(number);
        }
        Integer type = (protocol == Protocol.ICMP ? ICMP_TYPES : ICMPV6_TYPES).get((String) right);
        if (type == null) {
            throw new IllegalArgumentException("type " + right);
        }
        return type;
    }

    /** nft lists a code separately, after its type. */
    private static Match withCode(IcmpMatch type, NftComparison code) {
        if (code.negated() || type.negated()) {
            throw new IllegalArgumentException("not a code");
        }
        return new IcmpMatch(type.protocol(), type.type(), OptionalInt.of(NftValue.number(code.right())), false);
    }
}

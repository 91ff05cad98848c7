package io.inpod.iptables.text;

import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.Mark;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.Rule;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.TransportMatch.PortCondition;
import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** Reads one rule as {@code nft -j -n} lists it, libnftables-json(5). Yields nothing if the model can't express the rule. */
final class NftRuleParser {
    private final List<Match> matches = new ArrayList<>();

    private NftRuleParser() {}

    static Optional<Rule> parse(Map<?, ?> rule) {
        try {
            return Optional.of(new NftRuleParser().rule(rule));
            // another structure, or values out of range
        } catch (IllegalArgumentException | ClassCastException | IndexOutOfBoundsException | ArithmeticException e) {
            return Optional.empty();
        }
    }

    private Rule rule(Map<?, ?> rule) {
        List<Map<?, ?>> rest = new ArrayList<>();
        for (Object part : (List<?>) NftTargetParser.some(rule.get("expr"))) {
            Map<?, ?> statement = (Map<?, ?>) NftTargetParser.some(part);
            if (statement.get("match") instanceof Map<?, ?> match && rest.isEmpty()) {
                match(String.valueOf(match.get("op")), NftTargetParser.some(match.get("left")), NftTargetParser.some(match.get("right")));
            } else if (statement.get("limit") instanceof Map<?, ?> limit && rest.isEmpty()) {
                matches.add(new LimitMatch(number(limit.get("rate")),
                        LimitMatch.Per.valueOf(String.valueOf(limit.get("per")).toUpperCase(Locale.ROOT)), number(limit.get("burst"))));
            } else if (!statement.containsKey("counter")) {
                rest.add(statement);
            }
        }
        if (rule.get("comment") instanceof String comment) {
            matches.add(new CommentMatch(comment));
        }
        return new Rule(matches, NftTargetParser.parse(rest));
    }

    private void match(String operator, Object left, Object right) {
        boolean not = operator.equals("!=") || operator.equals("!");
        Map<?, ?> map = (Map<?, ?>) left;
        String kind = String.valueOf(map.keySet().iterator().next());
        Object value = map.get(kind);
        if (kind.equals("&")) {
            masked((List<?>) NftTargetParser.some(value), operator, right);
        } else if (value instanceof Map<?, ?> field) {
            switch (kind) {
                case "payload" -> payload(String.valueOf(field.get("protocol")), String.valueOf(field.get("field")), operator, right);
                case "fib" -> matches.add(fib(field, right, equality(operator)));
                case "socket" -> socket(field, right, equality(operator));
                default -> keyed(kind + " " + field.get("key"), operator, right, not);
            }
        } else {
            throw new IllegalArgumentException(kind);
        }
    }

    private void keyed(String field, String operator, Object right, boolean not) {
        switch (field) {
            case "meta nfproto" -> {
                if (equality(operator)) {
                    throw new IllegalArgumentException(field);
                }
                add(new FamilyMatch(right.equals("ipv4") || right.equals(2L) ? IpFamily.V4 : IpFamily.V6));
            }
            case "meta iifname" -> matches.add(new InInterfaceMatch(link((String) right), equality(operator)));
            case "meta oifname" -> matches.add(new OutInterfaceMatch(link((String) right), equality(operator)));
            case "meta l4proto" -> matches.add(new ProtocolMatch(protocol(right), equality(operator)));
            case "meta mark" -> matches.add(new MarkMatch(mark(right), equality(operator)));
            case "ct mark" -> matches.add(new ConnmarkMatch(mark(right), equality(operator)));
            case "ct state" -> matches.add(new ConntrackStateMatch(bits(ConntrackState.class, NftRule::bit, operator, right), not));
            case "ct status" -> matches.add(new ConntrackStatusMatch(bits(ConntrackStatus.class, NftRule::bit, operator, right), not));
            case "meta skuid" -> {
                long[] range = range(right);
                matches.add(new OwnerUserMatch(range[0], range[1], equality(operator)));
            }
            case "meta skgid" -> {
                long[] range = range(right);
                matches.add(new OwnerGroupMatch(range[0], range[1], equality(operator)));
            }
            default -> throw new IllegalArgumentException(field);
        }
    }

    /** {@code field & mask == value}. */
    private void masked(List<?> operands, String operator, Object right) {
        Map<?, ?> left = (Map<?, ?>) NftTargetParser.some(operands.get(0));
        Object mask = NftTargetParser.some(operands.get(1));
        if (left.get("meta") instanceof Map<?, ?> meta && "mark".equals(meta.get("key"))) {
            matches.add(new MarkMatch(new Mark(NftTargetParser.bits(right), NftTargetParser.bits(mask)), equality(operator)));
        } else if (left.get("ct") instanceof Map<?, ?> ct && "mark".equals(ct.get("key"))) {
            matches.add(new ConnmarkMatch(new Mark(NftTargetParser.bits(right), NftTargetParser.bits(mask)), equality(operator)));
        } else if (left.get("payload") instanceof Map<?, ?> payload && "flags".equals(payload.get("field"))) {
            header(Protocol.TCP, Optional.empty(), Optional.empty(),
                    Optional.of(new TcpFlags(flags(mask), flags(right), equality(operator))));
        } else {
            throw new IllegalArgumentException("masked " + left);
        }
    }

    private void payload(String protocol, String field, String operator, Object right) {
        switch (protocol + " " + field) {
            case "ip saddr", "ip6 saddr" -> address(protocol, Side.SOURCE, right, equality(operator));
            case "ip daddr", "ip6 daddr" -> address(protocol, Side.DESTINATION, right, equality(operator));
            case "tcp sport", "udp sport" -> header(Protocol.valueOf(protocol.toUpperCase(Locale.ROOT)),
                    Optional.of(ports(right, equality(operator))), Optional.empty(), Optional.empty());
            case "tcp dport", "udp dport" -> header(Protocol.valueOf(protocol.toUpperCase(Locale.ROOT)), Optional.empty(),
                    Optional.of(ports(right, equality(operator))), Optional.empty());
            case "tcp flags" -> { // "in": any of them is on; "!": none is
                if (!operator.equals("in") && !operator.equals("!")) {
                    throw new IllegalArgumentException(operator);
                }
                header(Protocol.TCP, Optional.empty(), Optional.empty(),
                        Optional.of(new TcpFlags(flags(right), Set.of(), operator.equals("in"))));
            }
            case "icmp type", "icmpv6 type" -> {
                Protocol icmp = protocol.equals("icmp") ? Protocol.ICMP : Protocol.ICMPV6;
                protocol(icmp);
                matches.add(new IcmpMatch(icmp, number(right), OptionalInt.empty(), equality(operator)));
            }
            case "icmp code", "icmpv6 code" -> {
                IcmpMatch type = (IcmpMatch) matches.remove(matches.size() - 1);
                if (equality(operator) || type.negated()) {
                    throw new IllegalArgumentException(field);
                }
                matches.add(new IcmpMatch(type.protocol(), type.type(), OptionalInt.of(number(right)), false));
            }
            default -> throw new IllegalArgumentException(protocol + " " + field);
        }
    }

    private void address(String protocol, Side side, Object right, boolean not) {
        IpFamily family = protocol.equals("ip") ? IpFamily.V4 : IpFamily.V6;
        if (right instanceof String text && text.startsWith("@")) {
            matches.add(new SetMatch(text.substring(1), family, side, not));
            return;
        }
        IpPrefix prefix = right instanceof Map<?, ?> map && map.get("prefix") instanceof Map<?, ?> block
                ? new IpPrefix(IpPrefix.parse(String.valueOf(block.get("addr"))).address(), number(block.get("len")))
                : IpPrefix.parse((String) right);
        matches.add(side == Side.SOURCE ? new SourceMatch(prefix, not) : new DestinationMatch(prefix, not));
    }

    private void header(Protocol protocol, Optional<PortCondition> source, Optional<PortCondition> destination, Optional<TcpFlags> flags) {
        protocol(protocol);
        matches.add(new TransportMatch(protocol, source, destination, flags));
    }

    /** A condition on a header implies its protocol. */
    private void protocol(Protocol protocol) {
        add(new ProtocolMatch(protocol, false));
    }

    private void add(Match match) {
        if (!matches.contains(match)) {
            matches.add(match);
        }
    }

    private static Match fib(Map<?, ?> field, Object right, boolean not) {
        List<?> of = (List<?>) NftTargetParser.some(field.get("flags"));
        if (!"type".equals(field.get("result")) || of.size() != 1) {
            throw new IllegalArgumentException("fib " + field);
        }
        for (AddressType type : AddressType.values()) {
            if (Long.valueOf(NftRule.number(type)).equals(right) || type.name().toLowerCase(Locale.ROOT).equals(right)) {
                return new AddressTypeMatch("saddr".equals(of.get(0)) ? Side.SOURCE : Side.DESTINATION, type, not);
            }
        }
        throw new IllegalArgumentException("fib type " + right);
    }

    private void socket(Map<?, ?> field, Object right, boolean not) {
        String key = String.valueOf(field.get("key"));
        if (key.equals("transparent") && right.equals(1L) && !not) {
            matches.add(new SocketMatch(true, true));
        } else if (key.equals("wildcard") && right.equals(0L) && !not) {
            Match last = matches.isEmpty() ? null : matches.get(matches.size() - 1);
            boolean transparent = new SocketMatch(true, true).equals(last);
            if (transparent) {
                matches.remove(matches.size() - 1);
            }
            matches.add(new SocketMatch(transparent, false));
        } else if (key.equals("cgroupv2") && right instanceof String path) {
            matches.add(new CgroupMatch(path, not));
        } else {
            throw new IllegalArgumentException("socket " + field);
        }
    }

    /** A name that ends with an asterisk is a prefix of names, unless a backslash precedes the asterisk. */
    private static String link(String name) {
        if (name.endsWith("\\*")) {
            return name.substring(0, name.length() - 2) + "*";
        }
        return name.endsWith("*") ? InterfaceNames.prefix(name.substring(0, name.length() - 1)) : InterfaceNames.single(name);
    }

    private static boolean equality(String operator) {
        if (!operator.equals("==") && !operator.equals("!=")) {
            throw new IllegalArgumentException(operator);
        }
        return operator.equals("!=");
    }

    private static Protocol protocol(Object right) {
        for (Protocol protocol : Protocol.values()) {
            if (Long.valueOf(protocol.number()).equals(right) || protocol.text().equals(right)) {
                return protocol;
            }
        }
        throw new IllegalArgumentException("protocol " + right);
    }

    /** A mask of leading bits is listed as a prefix. */
    private static Mark mark(Object right) {
        if (right instanceof Map<?, ?> map && map.get("prefix") instanceof Map<?, ?> prefix) {
            int length = number(prefix.get("len"));
            int mask = length == 0 ? 0 : -1 << 32 - length;
            return new Mark(NftTargetParser.bits(NftTargetParser.some(prefix.get("addr"))) & mask, mask);
        }
        return Mark.exactly(NftTargetParser.bits(right));
    }

    private static PortCondition ports(Object right, boolean not) {
        long[] range = range(right);
        return new PortCondition(new Ports((int) range[0], (int) range[1]), not);
    }

    static long[] range(@Nullable Object right) {
        if (right instanceof Map<?, ?> map && map.get("range") instanceof List<?> ends) {
            return new long[] {(Long) NftTargetParser.some(ends.get(0)), (Long) NftTargetParser.some(ends.get(1))};
        }
        long one = (Long) NftTargetParser.some(right);
        return new long[] {one, one};
    }

    private static Set<TcpFlag> flags(Object right) {
        return values(TcpFlag.class, TcpFlag::bit, right);
    }

    private static <E extends Enum<E>> Set<E> bits(Class<E> type, ToIntFunction<E> bit, String operator, Object right) {
        if (!operator.equals("in") && !operator.equals("!")) {
            throw new IllegalArgumentException(operator);
        }
        return values(type, bit, right);
    }

    private static <E extends Enum<E>> Set<E> values(Class<E> type, ToIntFunction<E> bit, Object right) {
        Set<E> values = EnumSet.noneOf(type);
        for (Object one : right instanceof List<?> list ? list : List.of(right)) {
            long number = (Long) NftTargetParser.some(one);
            for (E value : type.getEnumConstants()) {
                if ((number & bit.applyAsInt(value)) != 0) {
                    values.add(value);
                    number &= ~bit.applyAsInt(value);
                }
            }
            if (number != 0) {
                throw new IllegalArgumentException("bits " + right);
            }
        }
        return values;
    }

    private static int number(@Nullable Object value) {
        return Math.toIntExact((Long) NftTargetParser.some(value));
    }
}

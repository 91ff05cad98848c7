package io.inpod.iptables.text;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.BasicMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.Mark;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.MultiportMatch;
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
import java.util.HashMap;
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
    private static final int USUAL_BURST = 5;
    private static final int LAST_PORT = 65535;
    private static final Flags<TcpFlag> FLAGS = Flags.of(TcpFlag.class, TcpFlag::bit);
    private static final Flags<ConntrackState> STATES = Flags.of(ConntrackState.class, NftRule::bit);
    private static final Flags<ConntrackStatus> STATUSES = Flags.of(ConntrackStatus.class, NftRule::bit);
    private static final Map<String, Integer> ICMP_TYPES = Map.of("echo-reply", 0, "destination-unreachable", 3, "redirect", 5,
            "echo-request", 8,
            "router-advertisement", 9, "router-solicitation", 10, "time-exceeded", 11, "parameter-problem", 12, "timestamp-request", 13,
            "timestamp-reply", 14);
    private static final Map<String, Integer> ICMPV6_TYPES = Map.of("destination-unreachable", 1, "packet-too-big", 2, "time-exceeded", 3,
            "parameter-problem", 4, "echo-request", 128, "echo-reply", 129, "nd-router-solicit", 133, "nd-router-advert", 134,
            "nd-neighbor-solicit", 135, "nd-neighbor-advert", 136);

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
                matches.add(limit(limit));
            } else if (!statement.containsKey("counter")) {
                rest.add(statement);
            }
        }
        if (rule.get("comment") instanceof String comment) {
            matches.add(new CommentMatch(comment));
        }
        checkOrder();
        FamilyScope families = matches.stream().map(Match::families).filter(scope -> scope != FamilyScope.BOTH).findFirst()
                .orElse(FamilyScope.BOTH);
        return new Rule(matches, NftTargetParser.parse(rest, families));
    }

    /** In the model, conditions on addresses, interfaces and protocol come before a limit, which counts what they let through. */
    private void checkOrder() {
        boolean limited = false;
        for (Match match : matches) {
            if (limited && match instanceof BasicMatch) {
                throw new IllegalArgumentException(match + " after a limit");
            }
            limited |= match instanceof LimitMatch;
        }
    }

    /** nft 0.9.8 leaves out the burst that it takes for granted. */
    private static Match limit(Map<?, ?> limit) {
        NftTargetParser.only(limit, "rate", "rate_unit", "per", "burst", "burst_unit", "inv");
        for (String unit : List.of("rate_unit", "burst_unit")) {
            if (limit.get(unit) != null && !"packets".equals(limit.get(unit))) {
                throw new IllegalArgumentException("limit " + limit);
            }
        }
        if (limit.get("inv") != null && !Boolean.FALSE.equals(limit.get("inv"))) {
            throw new IllegalArgumentException("limit " + limit);
        }
        String per = limit.get("per") == null ? "second" : String.valueOf(limit.get("per"));
        return new LimitMatch(number(limit.get("rate")),
                LimitMatch.Per.valueOf((per.endsWith("s") ? per.substring(0, per.length() - 1) : per).toUpperCase(Locale.ROOT)),
                limit.get("burst") == null ? USUAL_BURST : number(limit.get("burst")));
    }

    private void match(String operator, Object left, Object right) {
        Map<?, ?> map = (Map<?, ?>) NftTargetParser.some(NftBits.fieldIn(left));
        if (map != left) {
            masked(map, left, operator, right);
            return;
        }
        String kind = String.valueOf(map.keySet().iterator().next());
        if (map.size() != 1 || !(map.get(kind) instanceof Map<?, ?> field)) {
            throw new IllegalArgumentException(kind);
        }
        switch (kind) {
            case "payload" -> {
                NftTargetParser.only(field, "protocol", "field");
                payload(String.valueOf(field.get("protocol")), String.valueOf(field.get("field")), operator, right);
            }
            case "fib" -> matches.add(fib(field, right, equality(operator)));
            case "socket" -> socket(field, operator, right);
            default -> {
                NftTargetParser.only(field, "key");
                keyed(kind + " " + field.get("key"), operator, right);
            }
        }
    }

    private void keyed(String field, String operator, Object right) {
        switch (field) {
            case "meta nfproto" -> {
                if (equality(operator)) {
                    throw new IllegalArgumentException(field);
                }
                add(new FamilyMatch(family(right)));
            }
            case "meta iifname" -> matches.add(new InInterfaceMatch(link((String) right), equality(operator)));
            case "meta oifname" -> matches.add(new OutInterfaceMatch(link((String) right), equality(operator)));
            case "meta l4proto" -> matches.add(new ProtocolMatch(protocol(right), equality(operator)));
            case "meta mark" -> matches.add(new MarkMatch(mark(right), equality(operator)));
            case "ct mark" -> matches.add(new ConnmarkMatch(mark(right), equality(operator)));
            case "ct state" -> matches.add(state(operator, right));
            case "ct status" -> matches.add(new ConntrackStatusMatch(STATUSES.of(right), !anyOf(operator)));
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

    /** {@code field & mask == value}. Of states, only whether any is given can be asked. */
    private void masked(Map<?, ?> field, Object left, String operator, Object right) {
        String name = NftTargetParser.field(field);
        switch (name) {
            case "meta mark" -> matches.add(new MarkMatch(mark(left, right), equality(operator)));
            case "ct mark" -> matches.add(new ConnmarkMatch(mark(left, right), equality(operator)));
            case "tcp flags" -> header(Protocol.TCP, Optional.empty(), Optional.empty(),
                    Optional.of(new TcpFlags(FLAGS.masked(left), FLAGS.of(right), equality(operator))));
            case "ct state" -> matches.add(new ConntrackStateMatch(STATES.masked(left), !STATES.isAny(left, operator, right)));
            case "ct status" -> matches.add(new ConntrackStatusMatch(STATUSES.masked(left), !STATUSES.isAny(left, operator, right)));
            default -> throw new IllegalArgumentException("masked " + name);
        }
    }

    private static Mark mark(Object masked, Object value) {
        return new Mark(NftBits.constant(value, Map.of()),
                NftBits.of(masked, Map.of()).mask().orElseThrow(() -> new IllegalArgumentException("mark " + masked)));
    }

    /** A packet has exactly one state, so that comparing with one, or finding it in a set, is asking for any of these. */
    private static Match state(String operator, Object right) {
        if (operator.equals("in") || operator.equals("!")) {
            return new ConntrackStateMatch(STATES.of(right), operator.equals("!"));
        }
        Object constant = right instanceof Map<?, ?> map && map.size() == 1 && map.get("set") instanceof List<?> set ? set : right;
        Set<ConntrackState> states = STATES.of(constant);
        if (constant == right && states.size() != 1) {
            throw new IllegalArgumentException("ct state " + right);
        }
        return new ConntrackStateMatch(states, equality(operator));
    }

    private static IpFamily family(Object right) {
        return right.equals("ipv4") || right.equals(2L) ? IpFamily.V4 : choice(right, "ipv6", 10L, IpFamily.V6);
    }

    private static <T> T choice(Object value, String name, long number, T meaning) {
        if (value.equals(name) || value.equals(number)) {
            return meaning;
        }
        throw new IllegalArgumentException(value + " is not " + name);
    }

    private void payload(String protocol, String field, String operator, Object right) {
        switch (protocol + " " + field) {
            case "ip saddr", "ip6 saddr" -> address(protocol, Side.SOURCE, right, equality(operator));
            case "ip daddr", "ip6 daddr" -> address(protocol, Side.DESTINATION, right, equality(operator));
            case "tcp sport", "udp sport" -> ports(protocol, Side.SOURCE, operator, right);
            case "tcp dport", "udp dport" -> ports(protocol, Side.DESTINATION, operator, right);
            case "tcp flags" -> header(Protocol.TCP, Optional.empty(), Optional.empty(),
                    Optional.of(new TcpFlags(FLAGS.of(right), Set.of(), anyOf(operator))));
            case "icmp type", "icmpv6 type" -> {
                Protocol icmp = protocol.equals("icmp") ? Protocol.ICMP : Protocol.ICMPV6;
                protocol(icmp);
                matches.add(new IcmpMatch(icmp, icmpType(icmp, right), OptionalInt.empty(), equality(operator)));
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
        if (right instanceof Map<?, ?> map && map.get("range") instanceof List<?> ends) {
            AddressRange range = AddressRange.parse(ends.get(0) + "-" + ends.get(1));
            matches.add(AddressRangeMatch.of(side, range, not));
            return;
        }
        IpPrefix prefix = right instanceof Map<?, ?> map && map.get("prefix") instanceof Map<?, ?> block
                ? new IpPrefix(IpPrefix.parse(String.valueOf(block.get("addr"))).address(), number(block.get("len")))
                : IpPrefix.parse((String) right);
        matches.add(side == Side.SOURCE ? new SourceMatch(prefix, not) : new DestinationMatch(prefix, not));
    }

    /** One range, or a set of ranges without a name. */
    private void ports(String name, Side side, String operator, Object right) {
        Protocol protocol = Protocol.valueOf(name.toUpperCase(Locale.ROOT));
        protocol(protocol);
        List<Ports> ports = new ArrayList<>();
        for (Object one : right instanceof Map<?, ?> map && map.get("set") instanceof List<?> set ? set : List.of(right)) {
            ports.add(ports(operator, one));
        }
        matches.add(MultiportMatch.of(protocol, side, ports, operator.equals("!=")));
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

    /** Later versions list a single flag without a list. */
    private static Match fib(Map<?, ?> field, Object right, boolean not) {
        NftTargetParser.only(field, "result", "flags");
        Object flags = NftTargetParser.some(field.get("flags"));
        Object flag = flags instanceof List<?> list && list.size() == 1 ? NftTargetParser.some(list.get(0)) : flags;
        if (!"type".equals(field.get("result"))) {
            throw new IllegalArgumentException("fib " + field);
        }
        Side side = flag.equals("saddr") ? Side.SOURCE : choice(flag, "daddr", -1, Side.DESTINATION);
        for (AddressType type : AddressType.values()) {
            if (Long.valueOf(NftRule.number(type)).equals(right) || type.name().toLowerCase(Locale.ROOT).equals(right)) {
                return new AddressTypeMatch(side, type, not);
            }
        }
        throw new IllegalArgumentException("fib type " + right);
    }

    private void socket(Map<?, ?> field, String operator, Object right) {
        NftTargetParser.only(field, "key", "level");
        String key = String.valueOf(field.get("key"));
        if (key.equals("transparent") && operator.equals("<=") && right.equals(1L)) {
            matches.add(new SocketMatch(false, true));
            return;
        }
        boolean not = equality(operator);
        if (key.equals("transparent") && right.equals(1L) && !not) {
            matches.add(new SocketMatch(true, true));
        } else if (key.equals("wildcard") && right.equals(0L) && !not) {
            Match last = matches.isEmpty() ? null : matches.get(matches.size() - 1);
            boolean transparent = new SocketMatch(true, true).equals(last);
            if (transparent) {
                matches.remove(matches.size() - 1);
            }
            matches.add(new SocketMatch(transparent, false));
        } else
            if (key.equals("cgroupv2") && right instanceof String path
                    && (field.get("level") == null || number(field.get("level")) == path.split("/").length)) {
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
        return choice(right, "icmpv6", -1, Protocol.ICMPV6);
    }

    /** The names of nft(8) for the types with which rules usually deal. */
    private static int icmpType(Protocol icmp, Object right) {
        if (right instanceof Long number) {
            return Math.toIntExact(number);
        }
        Integer type = (icmp == Protocol.ICMP ? ICMP_TYPES : ICMPV6_TYPES).get((String) right);
        if (type == null) {
            throw new IllegalArgumentException("type " + right);
        }
        return type;
    }

    /** A mask of leading bits is listed as a prefix. */
    private static Mark mark(Object right) {
        if (right instanceof Map<?, ?> map && map.get("prefix") instanceof Map<?, ?> prefix) {
            int length = number(prefix.get("len"));
            int mask = length == 0 ? 0 : -1 << 32 - length;
            return new Mark(NftBits.constant(NftTargetParser.some(prefix.get("addr")), Map.of()) & mask, mask);
        }
        return Mark.exactly(NftBits.constant(right, Map.of()));
    }

    private static Ports ports(String operator, Object right) {
        if (operator.equals("==") || operator.equals("!=")) {
            long[] range = range(right);
            return new Ports((int) range[0], (int) range[1]);
        }
        int port = number(right);
        return switch (operator) {
            case "<" -> new Ports(0, port - 1);
            case "<=" -> new Ports(0, port);
            case ">" -> new Ports(port + 1, LAST_PORT);
            case ">=" -> new Ports(port, LAST_PORT);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    static long[] range(@Nullable Object right) {
        if (right instanceof Map<?, ?> map && map.get("range") instanceof List<?> ends) {
            return new long[] {(Long) NftTargetParser.some(ends.get(0)), (Long) NftTargetParser.some(ends.get(1))};
        }
        long one = (Long) NftTargetParser.some(right);
        return new long[] {one, one};
    }

    /** "in": any of the bits is on; "!": none is. */
    private static boolean anyOf(String operator) {
        if (!operator.equals("in") && !operator.equals("!")) {
            throw new IllegalArgumentException(operator);
        }
        return operator.equals("in");
    }

    /** Values that are bits, each with the name that nft has for it. */
    private record Flags<E extends Enum<E>>(Class<E> type, ToIntFunction<E> bit, Map<String, Integer> names) {
        static <E extends Enum<E>> Flags<E> of(Class<E> type, ToIntFunction<E> bit) {
            Map<String, Integer> names = new HashMap<>();
            for (E value : type.getEnumConstants()) {
                names.put(value.name().toLowerCase(Locale.ROOT).replace('_', '-'), bit.applyAsInt(value));
            }
            return new Flags<>(type, bit, Map.copyOf(names));
        }

        Set<E> of(Object constant) {
            return values(NftBits.constant(constant, names), constant);
        }

        /** The bits of a field that an expression keeps. */
        Set<E> masked(Object expression) {
            return values(NftBits.of(expression, names).mask().orElseThrow(() -> new IllegalArgumentException("bits " + expression)),
                    expression);
        }

        /** Whether a comparison of the kept bits asks if any is on. */
        boolean isAny(Object expression, String operator, Object right) {
            int value = NftBits.constant(right, names);
            if (value == 0) {
                return equality(operator);
            }
            if (Integer.bitCount(value) == 1 && NftBits.of(expression, names).mask().equals(Optional.of(value))) {
                return !equality(operator);
            }
            throw new IllegalArgumentException("bits " + right);
        }

        private Set<E> values(int bits, Object words) {
            Set<E> values = EnumSet.noneOf(type);
            int left = bits;
            for (E value : type.getEnumConstants()) {
                if ((left & bit.applyAsInt(value)) != 0) {
                    values.add(value);
                    left &= ~bit.applyAsInt(value);
                }
            }
            if (left != 0) {
                throw new IllegalArgumentException("bits " + words);
            }
            return values;
        }
    }

    private static int number(@Nullable Object value) {
        return Math.toIntExact((Long) NftTargetParser.some(value));
    }
}

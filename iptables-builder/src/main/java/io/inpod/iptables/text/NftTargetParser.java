package io.inpod.iptables.text;

import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads a rule's target, as {@code nft -j -n} lists it after the conditions. */
final class NftTargetParser {
    /** By their numbers, linux/netfilter/nf_tables.h, NFT_REJECT_ICMPX. */
    private static final List<RejectWith> ICMPX =
            List.of(RejectWith.NO_ROUTE, RejectWith.PORT_UNREACHABLE, RejectWith.HOST_UNREACHABLE, RejectWith.ADMIN_PROHIBITED);

    private NftTargetParser() {}

    static Target parse(List<Map<?, ?>> statements) {
        if (statements.size() == 3 && statements.get(0).get("tproxy") instanceof Map<?, ?> tproxy && statements.get(2).containsKey("accept")
                && tproxy.get("addr") == null && mangle(statements.get(1)) instanceof Target.SetMark set) {
            return new Target.Tproxy(number(tproxy.get("port")), set.mark());
        }
        if (statements.size() != 1) {
            throw new IllegalArgumentException("statements " + statements);
        }
        return target(statements.get(0));
    }

    private static Target target(Map<?, ?> statement) {
        String kind = String.valueOf(statement.keySet().iterator().next());
        Object value = statement.get(kind);
        Map<?, ?> detail = value instanceof Map<?, ?> map ? map : Map.of();
        return switch (kind) {
            case "accept" -> new Target.Accept();
            case "drop" -> new Target.Drop();
            case "return" -> new Target.Return();
            case "jump" -> new Target.Jump(text(detail, "target"));
            case "goto" -> new Target.Goto(text(detail, "target"));
            case "notrack" -> new Target.NoTrack();
            case "masquerade" -> {
                if (!detail.isEmpty()) {
                    throw new IllegalArgumentException("masquerade " + detail);
                }
                yield new Target.Masquerade();
            }
            case "reject" -> reject(detail);
            case "redirect" ->
                new Target.Redirect(ports(detail.get("port")).orElseThrow(() -> new IllegalArgumentException("redirect without a port")));
            case "dnat" -> new Target.Dnat(address(detail), ports(detail.get("port")));
            case "snat" -> new Target.Snat(address(detail), ports(detail.get("port")));
            case "log" -> log(detail);
            case "mangle" -> mangle(statement);
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private static Target reject(Map<?, ?> detail) {
        if ("tcp reset".equals(detail.get("type"))) {
            return new Target.Reject(RejectWith.TCP_RESET);
        }
        if (!"icmpx".equals(detail.get("type"))) {
            throw new IllegalArgumentException("reject " + detail);
        }
        if (detail.get("expr") instanceof Long code) {
            return new Target.Reject(ICMPX.get(Math.toIntExact(code)));
        }
        return new Target.Reject(RejectWith.valueOf(text(detail, "expr").toUpperCase(Locale.ROOT).replace('-', '_')));
    }

    private static Target log(Map<?, ?> detail) {
        String prefix = detail.get("prefix") instanceof String text ? text : "";
        if (detail.get("snaplen") != null || detail.get("queue-threshold") != null || detail.get("flags") != null) {
            throw new IllegalArgumentException("log " + detail);
        }
        if (detail.get("group") instanceof Long group) {
            return new Target.Nflog(Math.toIntExact(group), prefix);
        }
        return new Target.Log(prefix, detail.get("level") instanceof String level ? NftTarget.LEVELS.indexOf(level) : 4);
    }

    private static Target mangle(Map<?, ?> statement) {
        if (!(statement.get("mangle") instanceof Map<?, ?> mangle) || !(mangle.get("key") instanceof Map<?, ?> key)) {
            throw new IllegalArgumentException("mangle " + statement);
        }
        Object value = some(mangle.get("value"));
        String field = field(key);
        return switch (field) {
            case "ct zone" -> new Target.ConntrackZone(number(value));
            case "tcp option maxseg" -> value instanceof Long mss ? new Target.SetTcpMss(Math.toIntExact(mss)) : clamp(value);
            case "meta mark", "ct mark" -> mark(field, value);
            default -> throw new IllegalArgumentException(field);
        };
    }

    private static Target clamp(Object value) {
        if (!value.equals(Map.of("rt", Map.of("key", "mtu")))) {
            throw new IllegalArgumentException("maxseg " + value);
        }
        return new Target.ClampTcpMss();
    }

    private static String field(Map<?, ?> key) {
        String kind = String.valueOf(key.keySet().iterator().next());
        Map<?, ?> detail = (Map<?, ?>) some(key.get(kind));
        return kind + " " + some(detail.get(kind.equals("tcp option") ? "name" : "key"));
    }

    private static Target mark(String to, Object value) {
        if (value instanceof Long number) {
            return set(to, Mark.exactly(bits(number)));
        }
        Map<?, ?> map = (Map<?, ?>) value;
        String operator = String.valueOf(map.keySet().iterator().next());
        if (!(map.get(operator) instanceof List<?> operands)) {
            return copy(to, field(map), -1);
        }
        Map<?, ?> left = (Map<?, ?>) some(operands.get(0));
        int right = bits(some(operands.get(1)));
        if (operator.equals("&")) {
            return field(left).equals(to) ? set(to, new Mark(0, ~right)) : copy(to, field(left), right);
        } else if (!operator.equals("|")) {
            throw new IllegalArgumentException(operator);
        } else if (left.get("&") instanceof List<?> inner) { // bits that are set anyway needn't be cleared before, and are listed as kept
            if (!field((Map<?, ?>) some(inner.get(0))).equals(to)) {
                throw new IllegalArgumentException(to);
            }
            return set(to, new Mark(right, ~bits(some(inner.get(1))) | right));
        }
        if (!field(left).equals(to)) {
            throw new IllegalArgumentException(to);
        }
        return set(to, new Mark(right, right));
    }

    private static Target set(String to, Mark mark) {
        return to.equals("meta mark") ? new Target.SetMark(mark) : new Target.SetConnmark(mark);
    }

    private static Target copy(String to, String from, int mask) {
        if (to.equals("meta mark") && from.equals("ct mark")) {
            return new Target.RestoreConnmark(-1, mask);
        } else if (to.equals("ct mark") && from.equals("meta mark")) {
            return new Target.SaveConnmark(mask, -1);
        }
        throw new IllegalArgumentException(to + " from " + from);
    }

    private static InetAddress address(Map<?, ?> detail) {
        return IpPrefix.parse(text(detail, "addr")).address();
    }

    private static Optional<Ports> ports(@Nullable Object value) {
        if (value == null) {
            return Optional.empty();
        }
        long[] range = NftRuleParser.range(value);
        return Optional.of(new Ports((int) range[0], (int) range[1]));
    }

    private static String text(Map<?, ?> detail, String name) {
        return (String) some(detail.get(name));
    }

    /** 32 bits as unsigned. */
    static int bits(Object value) {
        long number = (Long) value;
        if (number < 0 || number > 0xffffffffL) {
            throw new IllegalArgumentException("bits " + number);
        }
        return (int) number;
    }

    private static int number(@Nullable Object value) {
        return Math.toIntExact((Long) some(value));
    }

    static Object some(@Nullable Object value) {
        if (value == null) {
            throw new IllegalArgumentException("something is missing");
        }
        return value;
    }
}

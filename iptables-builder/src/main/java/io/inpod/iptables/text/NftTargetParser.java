package io.inpod.iptables.text;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Mark;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads a rule's target, as {@code nft -j -n} lists it after the conditions. */
final class NftTargetParser {
    /** By their numbers and names, linux/netfilter/nf_tables.h (NFT_REJECT_ICMPX), linux/icmp.h and linux/icmpv6.h. */
    private static final Map<String, Map<Object, RejectWith>> CODES = Map.of(
            "icmpx", Map.of(0L, RejectWith.NO_ROUTE, "no-route", RejectWith.NO_ROUTE, 1L, RejectWith.PORT_UNREACHABLE, "port-unreachable",
                    RejectWith.PORT_UNREACHABLE, 2L, RejectWith.HOST_UNREACHABLE, "host-unreachable", RejectWith.HOST_UNREACHABLE, 3L,
                    RejectWith.ADMIN_PROHIBITED, "admin-prohibited", RejectWith.ADMIN_PROHIBITED),
            "icmp", Map.of(0L, RejectWith.NO_ROUTE, "net-unreachable", RejectWith.NO_ROUTE, 1L, RejectWith.HOST_UNREACHABLE,
                    "host-unreachable", RejectWith.HOST_UNREACHABLE, 3L, RejectWith.PORT_UNREACHABLE, "port-unreachable",
                    RejectWith.PORT_UNREACHABLE, 13L, RejectWith.ADMIN_PROHIBITED, "admin-prohibited", RejectWith.ADMIN_PROHIBITED),
            "icmpv6", Map.of(0L, RejectWith.NO_ROUTE, "no-route", RejectWith.NO_ROUTE, 1L, RejectWith.ADMIN_PROHIBITED,
                    "admin-prohibited", RejectWith.ADMIN_PROHIBITED, 3L, RejectWith.HOST_UNREACHABLE, "addr-unreachable",
                    RejectWith.HOST_UNREACHABLE, 4L, RejectWith.PORT_UNREACHABLE, "port-unreachable", RejectWith.PORT_UNREACHABLE));

    private NftTargetParser() {}

    /**
     * Reads a target.
     *
     * @param families those of the packets that meet the conditions
     */
    static Target parse(List<Map<?, ?>> statements, FamilyScope families) {
        if (statements.size() == 3 && statements.get(0).get("tproxy") instanceof Map<?, ?> tproxy && statements.get(2).containsKey("accept")
                && mangle(statements.get(1)) instanceof Target.SetMark set) {
            NftValue.only(tproxy, "port", "family");
            String family = families == FamilyScope.V4 ? "ip" : "ip6";
            if (tproxy.get("family") != null && (families == FamilyScope.BOTH || !family.equals(tproxy.get("family")))) {
                throw new IllegalArgumentException("tproxy " + tproxy); // it passes packets of the other family
            }
            return new Target.Tproxy(NftValue.number(tproxy.get("port")), set.mark());
        }
        if (statements.size() != 1) {
            throw new IllegalArgumentException("statements " + statements);
        }
        return target(statements.get(0));
    }

    private static Target target(Map<?, ?> statement) {
        String kind = NftValue.kind(statement);
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
                NftValue.only(detail, "port", "flags");
                yield new Target.Masquerade(ports(detail.get("port")), options(detail));
            }
            case "reject" -> reject(detail);
            case "redirect" -> {
                NftValue.only(detail, "port", "flags");
                yield new Target.Redirect(
                        ports(detail.get("port")).orElseThrow(() -> new IllegalArgumentException("redirect without a port")),
                        options(detail));
            }
            case "dnat" -> {
                NftValue.only(detail, "addr", "family", "port", "flags");
                yield new Target.Dnat(addresses(detail), ports(detail.get("port")), options(detail));
            }
            case "snat" -> {
                NftValue.only(detail, "addr", "family", "port", "flags");
                yield new Target.Snat(addresses(detail), ports(detail.get("port")), options(detail));
            }
            case "log" -> log(detail);
            case "queue" -> queue(detail);
            case "mangle" -> mangle(statement);
            default -> throw new IllegalArgumentException(kind);
        };
    }

    /** Older versions leave out what is the usual answer. */
    private static Target reject(Map<?, ?> detail) {
        NftValue.only(detail, "type", "expr");
        Object type = detail.get("type");
        if ("tcp reset".equals(type) && detail.get("expr") == null) {
            return new Target.Reject(RejectWith.TCP_RESET);
        }
        Object code = detail.get("expr");
        if (code == null) {
            return new Target.Reject(RejectWith.PORT_UNREACHABLE);
        }
        Map<?, RejectWith> codes = CODES.get(type == null ? "icmpx" : type);
        RejectWith with = codes == null ? null : codes.get(code);
        if (with == null) {
            throw new IllegalArgumentException("reject " + detail);
        }
        return new Target.Reject(with);
    }

    private static Target log(Map<?, ?> detail) {
        String prefix = detail.get("prefix") instanceof String text ? text : "";
        NftValue.only(detail, "prefix", "group", "level");
        if (detail.get("group") instanceof Long group) {
            return new Target.Nflog(Math.toIntExact(group), prefix);
        }
        Object level = detail.get("level");
        return new Target.Log(prefix, level instanceof Long number ? Math.toIntExact(number)
                : level == null ? NftTarget.LEVELS.indexOf("warn") : NftTarget.LEVELS.indexOf(level));
    }

    private static Target queue(Map<?, ?> detail) {
        NftValue.only(detail, "num", "flags");
        long[] queues = detail.get("num") == null ? new long[2] : NftValue.range(detail.get("num"));
        List<?> flags = flags(detail, "bypass", "fanout");
        return new Target.Nfqueue(Math.toIntExact(queues[0]), Math.toIntExact(queues[1]), flags.contains("bypass"),
                flags.contains("fanout"));
    }

    /** A single flag is listed without a list. */
    private static List<?> flags(Map<?, ?> detail, String... known) {
        Object flags = detail.get("flags");
        List<?> all = flags instanceof List<?> list ? list : flags == null ? List.of() : List.of(flags);
        if (!List.of(known).containsAll(all)) {
            throw new IllegalArgumentException("flags " + flags);
        }
        return all;
    }

    private static Target mangle(Map<?, ?> statement) {
        if (!(statement.get("mangle") instanceof Map<?, ?> mangle) || !(mangle.get("key") instanceof Map<?, ?> key)) {
            throw new IllegalArgumentException("mangle " + statement);
        }
        Object value = NftValue.some(mangle.get("value"));
        String field = NftValue.field(key);
        return switch (field) {
            case "ct zone" -> new Target.ConntrackZone(NftValue.number(value));
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

    private static Target mark(String to, Object value) {
        NftBits bits = NftBits.of(value, Map.of());
        if (bits.field() == null) {
            return set(to, Mark.exactly((int) bits.flipped()));
        }
        String from = NftValue.field((Map<?, ?>) bits.field());
        if (from.equals(to)) { // bits that are set anyway needn't be cleared before, and are listed as kept
            return set(to, new Mark((int) bits.flipped(), (int) ~bits.kept()));
        }
        return copy(to, from, bits.mask().orElseThrow(() -> new IllegalArgumentException(to + " from " + value)));
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

    /** A range that is one block is listed as a prefix. */
    private static AddressRange addresses(Map<?, ?> detail) {
        Object given = NftValue.some(detail.get("addr"));
        if (given instanceof Map<?, ?> map && map.get("range") instanceof List<?> ends && map.size() == 1) {
            return AddressRange.parse(ends.get(0) + "-" + ends.get(1));
        }
        if (given instanceof Map<?, ?> map && map.get("prefix") instanceof Map<?, ?> block && map.size() == 1) {
            return AddressRange.of(IpPrefix.parse(block.get("addr") + "/" + block.get("len")));
        }
        return AddressRange.parse(given + "-" + given);
    }

    private static Set<NatOption> options(Map<?, ?> detail) {
        Set<NatOption> options = EnumSet.noneOf(NatOption.class);
        List<?> flags = flags(detail, Arrays.stream(NatOption.values()).map(NftTarget::word).toArray(String[]::new));
        for (NatOption option : NatOption.values()) {
            if (flags.contains(NftTarget.word(option))) {
                options.add(option);
            }
        }
        return options;
    }

    private static Optional<Ports> ports(@Nullable Object value) {
        return value == null ? Optional.empty() : Optional.of(NftValue.ports(value));
    }

    private static String text(Map<?, ?> detail, String name) {
        return (String) NftValue.some(detail.get(name));
    }
}

package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.iptables.internal.CountSets;
import io.inpod.netlink.NetlinkAttribute;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the expressions of a dump. Unknown expressions, and those with other registers, become {@link Expr.Unknown}. */
public final class ExprReader {
    private static final Set<String> PLAIN = Set.of("reject", "redir", "masq", "nat", "tproxy", "log", "notrack", "exthdr",
            "connlimit", "queue");

    private static final int COUNTING = 7;

    private final String name;
    private final Map<Integer, NetlinkAttribute> data;

    private ExprReader(String name, Map<Integer, NetlinkAttribute> data) {
        this.name = name;
        this.data = data;
    }

    /** Reads the attribute NFTA_RULE_EXPRESSIONS. */
    public static List<Expr> read(NetlinkAttribute list) {
        return KnownExpressions.read(list);
    }

    static List<Expr> read(List<NetlinkAttribute> elements) {
        List<Expr> expressions = new ArrayList<>(elements.size());
        for (NetlinkAttribute element : elements) {
            String name = "";
            Map<Integer, NetlinkAttribute> data = Map.of();
            for (NetlinkAttribute attribute : element.nested()) {
                if (attribute.type() == 1) {
                    name = attribute.text();
                } else if (attribute.type() == 2) {
                    data = byType(attribute.nested());
                }
            }
            Expr read = new ExprReader(name, data).read();
            expressions.add(read == null ? new Expr.Unknown(name) : read);
        }
        return expressions;
    }

    private static Map<Integer, NetlinkAttribute> byType(List<NetlinkAttribute> attributes) {
        Map<Integer, NetlinkAttribute> map = new HashMap<>();
        attributes.forEach(attribute -> map.put(attribute.type(), attribute));
        return map;
    }

    private @Nullable Expr read() {
        return switch (name) {
            case "payload" -> has(1) ? new Expr.Payload(number(2), number(3), number(4)) : null;
            case "meta" -> has(1) ? new Expr.Meta(number(2)) : has(3) ? new Expr.SetMeta(number(2)) : null;
            case "ct" -> data.containsKey(3) ? null : has(1) ? new Expr.Ct(number(2)) : has(4) ? new Expr.SetCt(number(2)) : null;
            case "cmp" -> has(1) ? new Expr.Cmp(number(2), value(3)) : null;
            case "range" -> has(1) ? new Expr.Range(number(2) != 0, value(3), value(4)) : null;
            case "bitwise" -> has(1) && has(2) && number(6) == 0 ? new Expr.Bitwise(value(4), value(5)) : null;
            case "byteorder" -> has(1) && has(2) && number(3) == 1 ? new Expr.ToNetwork(number(4), number(5)) : null;
            case "lookup" -> has(2) && !data.containsKey(3) ? new Expr.Lookup(text(1), number(5) != 0) : null;
            case "immediate" -> number(1) == 0 ? verdict() : new Expr.Immediate(number(1), value(2));
            case "counter" -> new Expr.Counter(longNumber(2), longNumber(1));
            case "limit" -> number(4) == 0 && number(5) == 0 ? new Expr.Limit(longNumber(1), longNumber(2), number(3)) : null;
            case "socket" -> has(2) ? new Expr.Socket(number(1), number(3)) : null;
            case "fib" -> has(1) ? new Expr.Fib(number(2), number(3)) : null;
            case "rt" -> has(1) ? new Expr.Route(number(2)) : null;
            case "numgen" -> has(1) && number(4) == 0 ? new Expr.NumberGenerator(number(3), number(2)) : null;
            case "dynset" -> has(4) ? counted() : null;
            case "match" -> new Expr.XtMatch(text(1), number(2), bytes(3));
            case "target" -> new Expr.XtTarget(text(1), number(2), bytes(3));
            default -> PLAIN.contains(name) ? plain() : null;
        };
    }

    /** Reads a dynamic set that has a count for each key and nothing else, by one of the names that ours have. */
    private @Nullable Expr counted() {
        NetlinkAttribute nested = data.get(COUNTING);
        boolean plain = CountSets.isName(text(1)) && number(3) == 0 && longNumber(6) == 0 && number(9) == 0 && !data.containsKey(5);
        if (nested == null || !plain || !(read(List.of(nested)).get(0) instanceof Expr.Plain count) || !count.name().equals("connlimit")) {
            return null;
        }
        return new Expr.CountInSet(CountSets.isNamed(text(1)), count);
    }

    /** Returns whether an attribute is register 1. */
    private boolean has(int attribute) {
        return number(attribute) == 1;
    }

    private int number(int attribute) {
        return (int) longNumber(attribute);
    }

    private long longNumber(int attribute) {
        NetlinkAttribute found = data.get(attribute);
        return found == null ? 0 : found.number();
    }

    private String text(int attribute) {
        NetlinkAttribute found = data.get(attribute);
        return found == null ? "" : found.text();
    }

    private Octets bytes(int attribute) {
        NetlinkAttribute found = data.get(attribute);
        return Octets.of(found == null ? new byte[0] : found.bytes());
    }

    /** Returns the bytes of a struct nft_data. */
    private Octets value(int attribute) {
        NetlinkAttribute found = data.get(attribute);
        NetlinkAttribute value = found == null ? null : byType(found.nested()).get(1);
        return Octets.of(value == null ? new byte[0] : value.bytes());
    }

    private @Nullable Expr verdict() {
        NetlinkAttribute found = data.get(2);
        NetlinkAttribute verdict = found == null ? null : byType(found.nested()).get(2);
        if (verdict == null) {
            return null;
        }
        Map<Integer, NetlinkAttribute> parts = byType(verdict.nested());
        NetlinkAttribute code = parts.get(1);
        NetlinkAttribute chain = parts.get(2);
        return code == null ? null : new Expr.Verdict((int) code.number(), chain == null ? null : chain.text());
    }

    private Expr plain() {
        Map<Integer, Object> attributes = new HashMap<>();
        data.forEach((type, attribute) -> attributes.put(type, name.equals("log") && type == 2 ? attribute.text()
                : switch (attribute.value().limit()) {
                    case 1 -> (byte) attribute.number();
                    case 2 -> (short) attribute.number();
                    default -> (int) attribute.number();
                }));
        if (name.equals("exthdr")) {
            attributes.remove(5, 0); // flags, which the kernel lists but refuses when writing
        }
        return new Expr.Plain(name, attributes);
    }
}

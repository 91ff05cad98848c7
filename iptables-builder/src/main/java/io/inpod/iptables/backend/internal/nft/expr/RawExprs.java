package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Match;
import io.inpod.iptables.RawForm;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Target;
import io.inpod.netlink.NetlinkAttribute;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Expressions as bytes: the value of NFTA_RULE_EXPRESSIONS, a list of NFTA_LIST_ELEM, each with a name (1) and data (2). What they have
 * counted so far is zero in it, because it isn't part of the rule.
 */
public final class RawExprs {
    private static final int HEADER = 4;
    private static final int TYPE_MASK = 0x3fff;
    private static final int NAME = 1;
    private static final int DATA = 2;

    /** The attributes with a state: of counter bytes and packets, of quota what is used up, of last when it was. */
    private static final Map<String, Set<Integer>> STATE = Map.of("counter", Set.of(1, 2), "quota", Set.of(4), "last", Set.of(1, 2));

    private RawExprs() {}

    /** Returns what is sent for a raw rule with the conditions beside it, in a table of some families. */
    public static List<Expr> of(Target.Raw raw, List<Match> beside, FamilyScope families) {
        if (families.single().isPresent()) {
            throw new IllegalArgumentException("a raw rule for " + families + " alone in a table of both families: its expressions must ask"
                    + " for the family, in a rule set of both");
        }
        List<Expr> expressions = new ArrayList<>(List.of(of(raw)));
        for (Match match : beside) {
            if (match instanceof CommentMatch comment) {
                expressions.add(new Expr.Comment(comment.text()));
            }
        }
        return expressions;
    }

    /** Reads the bytes, which must be a list. */
    public static Expr.Raw of(Target.Raw raw) {
        if (raw.form() != RawForm.NETLINK) {
            throw new IllegalArgumentException("netlink can't take a raw rule of the form " + raw.form() + ": it takes " + RawForm.NETLINK);
        }
        byte[] list = HexFormat.of().parseHex(raw.text());
        List<NetlinkAttribute> elements = elements(list);
        int length = elements.stream().mapToInt(element -> HEADER + aligned(element.value().limit())).sum();
        if (length != list.length || elements.stream().anyMatch(element -> element.type() != 1 || name(element).isEmpty())) {
            throw new IllegalArgumentException("raw expressions are no list of expressions, as the attribute NFTA_RULE_EXPRESSIONS has it");
        }
        for (NetlinkAttribute element : elements) {
            if (name(element).equals("lookup") && setName(element).startsWith("__")) {
                throw new IllegalArgumentException("raw expressions look up " + setName(element)
                        + ", a set without a name of its own: it belongs to another rule; use an address set");
            }
        }
        return new Expr.Raw(Octets.of(list));
    }

    /** Returns the elements of a list. */
    static List<NetlinkAttribute> elements(byte[] list) {
        return NetlinkAttribute.list(ByteBuffer.wrap(list).order(ByteOrder.nativeOrder()), 0);
    }

    private static String name(NetlinkAttribute element) {
        return text(element.nested(), NAME);
    }

    private static String setName(NetlinkAttribute element) {
        return element.nested().stream().filter(part -> part.type() == DATA).findFirst().map(data -> text(data.nested(), 1)).orElse("");
    }

    private static String text(List<NetlinkAttribute> attributes, int type) {
        return attributes.stream().filter(attribute -> attribute.type() == type).findFirst().map(NetlinkAttribute::text).orElse("");
    }

    /** Returns the expressions of a rule with a raw part as far as they are known. */
    static List<Expr> known(List<Expr> expressions) {
        return !expressions.isEmpty() && expressions.get(0) instanceof Expr.Raw raw ? ExprReader.read(elements(raw.list().array()))
                : expressions;
    }

    /** Returns the list of a rule that was found, without what it has counted. */
    public static Expr.Raw found(NetlinkAttribute list) {
        byte[] bytes = list.bytes();
        for (int at = 0; at + HEADER <= bytes.length; at += aligned(length(bytes, at, bytes.length))) {
            forget(bytes, at + HEADER, at + length(bytes, at, bytes.length));
        }
        return new Expr.Raw(Octets.of(bytes));
    }

    /** Returns a found rule in its raw form; empty if that would be too long. */
    public static Optional<Rule> rule(NetlinkAttribute list, List<Expr> expressions) {
        try {
            List<Match> comment = new ArrayList<>();
            for (Expr expression : expressions) {
                if (expression instanceof Expr.Comment c) {
                    comment.add(new CommentMatch(c.text()));
                }
            }
            return Optional.of(new Rule(comment, new Target.Raw(RawForm.NETLINK, found(list).list().toString())));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static void forget(byte[] bytes, int from, int to) {
        Set<Integer> state = Set.of();
        for (int at = from; at + HEADER <= to; at += aligned(length(bytes, at, to))) {
            int end = at + length(bytes, at, to);
            int type = type(bytes, at);
            if (type == NAME) {
                String name = new String(bytes, at + HEADER, Math.max(0, end - at - HEADER - 1), StandardCharsets.US_ASCII);
                state = STATE.getOrDefault(name, Set.of());
            } else if (type == DATA) {
                zero(bytes, at + HEADER, end, state);
            }
        }
    }

    private static void zero(byte[] bytes, int from, int to, Set<Integer> attributes) {
        for (int at = from; at + HEADER <= to; at += aligned(length(bytes, at, to))) {
            if (attributes.contains(type(bytes, at))) {
                Arrays.fill(bytes, at + HEADER, at + length(bytes, at, to), (byte) 0);
            }
        }
    }

    /** Returns the length of an attribute with its header, within the end. */
    private static int length(byte[] bytes, int at, int end) {
        int length = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getShort(at) & 0xffff;
        return Math.max(HEADER, Math.min(length, end - at));
    }

    private static int type(byte[] bytes, int at) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getShort(at + 2) & TYPE_MASK;
    }

    private static int aligned(int length) {
        return length + 3 & ~3;
    }
}

package io.inpod.netlink;

import static io.inpod.netlink.NetlinkMessage.string;
import static io.inpod.netlink.NetlinkMessage.u32;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.FibRule;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Messages about routing rules: struct fib_rule_hdr and FRA_ attributes of linux/fib_rules.h. */
final class RuleMessages {
    static final int NEW = 32;
    static final int DELETE = 33;
    static final int GET = 34;

    private static final int TO = 1;
    private static final int FROM = 2;
    private static final int INCOMING = 3;
    private static final int PRIORITY = 6;
    private static final int MARK = 10;
    private static final int SUPPRESS_GROUP = 13;
    private static final int SUPPRESS_LENGTH = 14;
    private static final int TABLE = 15;
    private static final int MASK = 16;
    private static final int OUTGOING = 17;
    private static final int PADDING = 18;
    private static final int PROTOCOL = 21;
    private static final int INVERTED = 0x2;

    /** The attributes that a {@link PolicyRule} represents, or that say nothing. */
    private static final Set<Integer> KNOWN = Set.of(TO, FROM, INCOMING, PRIORITY, MARK, TABLE, MASK, OUTGOING, PADDING, PROTOCOL);

    private RuleMessages() {}

    static NetlinkRequest fill(NetlinkRequest request, PolicyRule rule) {
        RuleSelector selector = rule.selector();
        if (!selector.others().isEmpty()) {
            throw new IllegalArgumentException("\"" + rule + "\" has selectors that are known only by number");
        }
        request.struct(FibRule.STRUCT)
                .set(FibRule.FAMILY, rule.family().number())
                .set(FibRule.FROM_LENGTH, selector.fromLength())
                .set(FibRule.TO_LENGTH, selector.toLength())
                .set(FibRule.TOS, selector.tos())
                .set(FibRule.TABLE, RouteMessages.shortTable(rule.table()))
                .set(FibRule.ACTION, rule.action().number())
                .set(FibRule.FLAGS, selector.inverted() ? INVERTED : 0)
                .u32(PRIORITY, rule.priority());
        address(request, FROM, selector.from());
        address(request, TO, selector.to());
        name(request, INCOMING, selector.incoming());
        name(request, OUTGOING, selector.outgoing());
        if (rule.mark() != 0 || rule.mask() != 0) {
            request.u32(MARK, rule.mark()).u32(MASK, rule.mask());
        }
        if (rule.protocol() != 0) {
            request.bytes(PROTOCOL, new byte[] {(byte) rule.protocol()});
        }
        return RouteMessages.shortTable(rule.table()) == 0 && rule.table() != 0 ? request.u32(TABLE, rule.table()) : request;
    }

    private static void address(NetlinkRequest request, int attribute, @Nullable InetAddress network) {
        if (network != null) {
            request.bytes(attribute, network.getAddress());
        }
    }

    private static void name(NetlinkRequest request, int attribute, @Nullable String link) {
        if (link != null) {
            request.string(attribute, LinkMessages.checkName(link));
        }
    }

    /**
     * With the protocol that the kernel has for it, see {@link RuleTags}. Null for a family that isn't IP, or an action of a future
     * kernel.
     */
    static @Nullable PolicyRule parse(NetlinkMessage message) throws IOException {
        Map<Integer, ByteBuffer> attributes = message.attributes(FibRule.STRUCT);
        IpFamily family = NetlinkMessage.family(message.get(FibRule.FAMILY));
        PolicyRule.Action action = PolicyRule.Action.of(message.get(FibRule.ACTION));
        if (family == null || action == null) {
            return null;
        }
        int mark = u32(attributes.get(MARK), 0);
        try {
            return new PolicyRule(family, u32(attributes.get(PRIORITY), 0), mark, u32(attributes.get(MASK), mark == 0 ? 0 : -1), action,
                    u32(attributes.get(TABLE), message.get(FibRule.TABLE)), selector(message, family, attributes),
                    NetlinkMessage.u8(attributes.get(PROTOCOL), 0));
        } catch (IllegalArgumentException e) {
            throw new MalformedAnswerException("a rule is invalid: " + e.getMessage());
        }
    }

    private static RuleSelector selector(NetlinkMessage message, IpFamily family, Map<Integer, ByteBuffer> attributes) throws IOException {
        InetAddress from = NetlinkMessage.address(family, attributes.get(FROM));
        InetAddress to = NetlinkMessage.address(family, attributes.get(TO));
        return new RuleSelector(from, from == null ? 0 : message.get(FibRule.FROM_LENGTH), to,
                to == null ? 0 : message.get(FibRule.TO_LENGTH),
                string(attributes.get(INCOMING)), string(attributes.get(OUTGOING)), (message.get(FibRule.FLAGS) & INVERTED) != 0,
                message.get(FibRule.TOS), others(attributes));
    }

    private static Set<Integer> others(Map<Integer, ByteBuffer> attributes) {
        Set<Integer> others = new TreeSet<>(attributes.keySet());
        others.removeAll(KNOWN);
        // the kernel writes -1, which means not set, into every rule
        others.removeIf(type -> (type == SUPPRESS_GROUP || type == SUPPRESS_LENGTH) && u32(attributes.get(type), 0) == -1);
        return others;
    }
}

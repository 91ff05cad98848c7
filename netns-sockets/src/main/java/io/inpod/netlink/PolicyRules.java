package io.inpod.netlink;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** The routing rules of one namespace. */
public final class PolicyRules {
    private static final int NEW_RULE = 32;
    private static final int DELETE_RULE = 33;
    private static final int GET_RULE = 34;
    private static final int RULE_BYTES = 12;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_FWMARK = 10;
    private static final int FRA_TABLE = 15;
    private static final int FRA_FWMASK = 16;
    private static final int TO_TABLE = 1;

    private final NetlinkSocket socket;

    PolicyRules(NetlinkSocket socket) {
        this.socket = socket;
    }

    /**
     * Adds a rule.
     *
     * @param rule which
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if exactly this rule is there
     * @throws IOException if the kernel refuses
     */
    public void add(PolicyRule rule) throws IOException {
        socket.execute(fill(new NetlinkRequest("add rule", rule.toString(), NEW_RULE, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE), rule));
    }

    /**
     * Deletes a rule.
     *
     * @param rule which
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if it isn't there
     * @throws IOException if the kernel refuses
     */
    public void delete(PolicyRule rule) throws IOException {
        socket.execute(fill(new NetlinkRequest("delete rule", rule.toString(), DELETE_RULE, 0), rule));
    }

    private static NetlinkRequest fill(NetlinkRequest request, PolicyRule rule) {
        return header(request, rule.family(), Integer.compareUnsigned(rule.table(), 255) > 0 ? 0 : rule.table(), TO_TABLE)
                .u32(FRA_PRIORITY, rule.priority())
                .u32(FRA_FWMARK, rule.mark())
                .u32(FRA_FWMASK, rule.mask())
                .u32(FRA_TABLE, rule.table());
    }

    /**
     * Lists the rules that look up a table, whatever else they match.
     *
     * @param family whose
     * @return by priority; mark and mask are 0 where a rule has none
     * @throws IOException if the kernel refuses
     */
    public List<PolicyRule> list(IpFamily family) throws IOException {
        return socket.dump(header(new NetlinkRequest("list rules", family.toString(), GET_RULE, 0), family, 0, 0)).stream()
                .filter(message -> message.payload().get(0) == family.number() && message.payload().get(7) == TO_TABLE)
                .map(message -> parse(message, family))
                .toList();
    }

    private static PolicyRule parse(NetlinkMessage message, IpFamily family) {
        Map<Integer, ByteBuffer> attributes = message.attributes(RULE_BYTES);
        int mark = NetlinkMessage.u32(attributes.get(FRA_FWMARK), 0);
        return new PolicyRule(family, NetlinkMessage.u32(attributes.get(FRA_PRIORITY), 0), mark,
                NetlinkMessage.u32(attributes.get(FRA_FWMASK), mark == 0 ? 0 : -1),
                NetlinkMessage.u32(attributes.get(FRA_TABLE), message.payload().get(4) & 0xff));
    }

    /** struct fib_rule_hdr. */
    private static NetlinkRequest header(NetlinkRequest request, IpFamily family, int table, int action) {
        return request.u8(family.number()).u8(0).u8(0).u8(0).u8(table).u8(0).u8(0).u8(action).u32(0);
    }
}

package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.FibRule;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The routing rules of one namespace. */
public final class PolicyRules {
    private final NetlinkSocket socket;

    PolicyRules(NetlinkSocket socket) {
        this.socket = socket;
    }

    /**
     * Adds a rule.
     *
     * @param rule the rule to add
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if exactly this rule exists
     * @throws IOException if the kernel refuses
     * @throws IllegalArgumentException if the rule has {@linkplain RuleSelector#others other selectors}
     */
    public void add(PolicyRule rule) throws IOException {
        addAll(List.of(rule));
    }

    /**
     * Adds many rules at once. This isn't a transaction: the rules that the kernel doesn't refuse are added.
     *
     * @param rules the rules to add, any number
     * @throws NetlinkException for the first request that the kernel refused; those for the others are suppressed in it
     * @throws IOException see {@link NetlinkSocket#executeAll}
     * @throws IllegalArgumentException if a rule has {@linkplain RuleSelector#others other selectors}
     */
    public void addAll(List<PolicyRule> rules) throws IOException {
        execute("add rule", RuleMessages.NEW, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE, rules);
    }

    /**
     * Deletes a rule.
     *
     * @param rule the rule to delete
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if it doesn't exist
     * @throws IOException if the kernel refuses
     * @throws IllegalArgumentException if the rule has {@linkplain RuleSelector#others other selectors}
     */
    public void delete(PolicyRule rule) throws IOException {
        deleteAll(List.of(rule));
    }

    /**
     * Deletes many rules at once, see {@link #addAll}.
     *
     * @param rules the rules to delete, any number
     * @throws NetlinkException for the first rule that didn't exist or that the kernel refused to delete; those for the others are
     *     suppressed in it
     * @throws IOException see {@link NetlinkSocket#executeAll}
     * @throws IllegalArgumentException if a rule has {@linkplain RuleSelector#others other selectors}
     */
    public void deleteAll(List<PolicyRule> rules) throws IOException {
        execute("delete rule", RuleMessages.DELETE, 0, rules);
    }

    private void execute(String operation, int type, int flags, List<PolicyRule> rules) throws IOException {
        List<NetlinkRequest> requests = new ArrayList<>(rules.size());
        for (PolicyRule rule : rules) {
            requests.add(RuleMessages.fill(new NetlinkRequest(operation, rule, type, flags), rule));
        }
        socket.executeAll(requests);
    }

    /**
     * Lists all rules of a family.
     *
     * @param family the family
     * @return the rules by priority; mark and mask are 0 if a rule has none
     * @throws IOException if the kernel refuses
     */
    public List<PolicyRule> list(IpFamily family) throws IOException {
        List<PolicyRule> found = new ArrayList<>();
        NetlinkRequest request = new NetlinkRequest("list rules", family, RuleMessages.GET, 0)
                .struct(FibRule.STRUCT).set(FibRule.FAMILY, family.number());
        for (NetlinkMessage message : socket.dumpWithoutSequence(request)) {
            PolicyRule rule = RuleMessages.parse(message);
            if (rule != null && rule.family() == family) {
                found.add(rule);
            }
        }
        return List.copyOf(found);
    }
}

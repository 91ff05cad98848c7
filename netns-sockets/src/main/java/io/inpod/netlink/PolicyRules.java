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
     * @param rule which
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if exactly this rule is there
     * @throws IOException if the kernel refuses
     * @throws IllegalArgumentException if the rule has other selectors than {@link RuleSelector} has words for
     */
    public void add(PolicyRule rule) throws IOException {
        addAll(List.of(rule));
    }

    /**
     * Adds many rules at once. No transaction: those that the kernel doesn't refuse are added.
     *
     * @param rules which, any number
     * @throws NetlinkException the first one's that the kernel refused, with the others' suppressed in it
     * @throws IOException see {@link NetlinkSocket#executeAll}
     * @throws IllegalArgumentException if a rule has other selectors than {@link RuleSelector} has words for
     */
    public void addAll(List<PolicyRule> rules) throws IOException {
        execute("add rule", RuleMessages.NEW, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE, rules);
    }

    /**
     * Deletes a rule.
     *
     * @param rule which
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if it isn't there
     * @throws IOException if the kernel refuses
     * @throws IllegalArgumentException if the rule has other selectors than {@link RuleSelector} has words for
     */
    public void delete(PolicyRule rule) throws IOException {
        deleteAll(List.of(rule));
    }

    /**
     * Deletes many rules at once, see {@link #addAll}.
     *
     * @param rules which, any number
     * @throws NetlinkException the first one's that wasn't there or that the kernel refused to delete, with the others' suppressed in it
     * @throws IOException see {@link NetlinkSocket#executeAll}
     * @throws IllegalArgumentException if a rule has other selectors than {@link RuleSelector} has words for
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
     * Lists the rules, whatever they match and do.
     *
     * @param family whose
     * @return by priority; mark and mask are 0 where a rule has none
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

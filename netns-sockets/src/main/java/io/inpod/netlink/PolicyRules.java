package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.FibRule;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The routing rules of one namespace. A rule is added or deleted as a whole: the rules are listed first and compared, because the kernel
 * takes everything that a request leaves out for "any".
 */
public final class PolicyRules {
    private static final int ENOENT = 2;

    private final NetlinkSocket socket;

    PolicyRules(NetlinkSocket socket) {
        this.socket = socket;
    }

    /**
     * Adds a rule, after those with the same priority. If the kernel couldn't tell it from an earlier rule when it is to be deleted, it
     * gets a protocol number from 224 to 239, which {@code ip rule} shows and {@link #list} doesn't.
     *
     * @param rule the rule to add
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if exactly this rule exists
     * @throws IOException if the kernel refuses
     * @throws IllegalArgumentException if the rule has {@linkplain RuleSelector#others other selectors}, or a protocol from 224 to 239
     */
    public void add(PolicyRule rule) throws IOException {
        addAll(List.of(rule));
    }

    /**
     * Adds many rules at once. This isn't a transaction: the rules that aren't refused are added.
     *
     * @param rules the rules to add, any number
     * @throws NetlinkException for the first rule that exists or that the kernel refused; those for the others are suppressed in it
     * @throws IOException see {@link NetlinkSocket#executeAll}
     * @throws IllegalArgumentException as for {@link #add}; nothing has been added then
     */
    public void addAll(List<PolicyRule> rules) throws IOException {
        rules.forEach(PolicyRules::check);
        Existing existing = new Existing();
        Refusals refusals = new Refusals(socket);
        List<NetlinkRequest> requests = new ArrayList<>(rules.size());
        for (PolicyRule rule : rules) {
            List<PolicyRule> beside = existing.beside(rule);
            if (beside.stream().map(RuleTags::without).anyMatch(rule::equals)) {
                refusals.exists("add rule", rule);
            } else {
                PolicyRule tagged = RuleTags.with(rule, beside);
                beside.add(tagged);
                // without NLM_F_EXCL, for which the kernel compares less than the whole rule
                requests.add(RuleMessages.fill(new NetlinkRequest("add rule", rule, RuleMessages.NEW, NetlinkRequest.CREATE), tagged));
            }
        }
        refusals.thenExecute(requests);
    }

    /**
     * Deletes a rule: this one, and none that only resembles it.
     *
     * @param rule the rule to delete
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if it doesn't exist
     * @throws IOException if the kernel refuses, or would delete another rule, which has the same priority, comes first and selects more:
     *     nothing is deleted then
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
     * @throws IOException as for {@link #delete}
     * @throws IllegalArgumentException if a rule has {@linkplain RuleSelector#others other selectors}; nothing has been deleted then
     */
    public void deleteAll(List<PolicyRule> rules) throws IOException {
        rules.forEach(PolicyRules::check);
        Existing existing = new Existing();
        Refusals refusals = new Refusals(socket);
        List<NetlinkRequest> requests = new ArrayList<>(rules.size());
        for (PolicyRule rule : rules) {
            List<PolicyRule> beside = existing.beside(rule);
            int at = beside.stream().map(RuleTags::without).toList().indexOf(rule);
            if (at < 0) {
                refusals.notFound("delete rule", rule, ENOENT, "no such rule");
                continue;
            }
            PolicyRule found = beside.get(at);
            PolicyRule first = beside.stream().filter(other -> RuleTags.hits(found, other)).findFirst().orElse(found);
            if (first.equals(found)) {
                beside.remove(found);
                requests.add(RuleMessages.fill(new NetlinkRequest("delete rule", rule, RuleMessages.DELETE, 0), found));
            } else {
                refusals.hidden("delete rule", rule, RuleTags.without(first));
            }
        }
        refusals.thenExecute(requests);
    }

    private static void check(PolicyRule rule) {
        if (!rule.selector().others().isEmpty()) {
            throw new IllegalArgumentException("\"" + rule + "\" has selectors that are known only by number");
        }
        if (RuleTags.isTag(rule.protocol())) {
            throw new IllegalArgumentException("\"" + rule + "\": the protocols 224 to 239 are used to tell rules apart");
        }
    }

    /**
     * Lists all rules of a family.
     *
     * @param family the family
     * @return the rules by priority; mark and mask are 0 if a rule has none
     * @throws IOException if the kernel refuses
     */
    public List<PolicyRule> list(IpFamily family) throws IOException {
        return listed(family).stream().map(RuleTags::without).toList();
    }

    private List<PolicyRule> listed(IpFamily family) throws IOException {
        List<PolicyRule> found = new ArrayList<>();
        NetlinkRequest request = new NetlinkRequest("list rules", family, RuleMessages.GET, 0)
                .struct(FibRule.STRUCT).set(FibRule.FAMILY, family.number());
        for (NetlinkMessage message : socket.dumpWithoutSequence(request)) {
            PolicyRule rule = RuleMessages.parse(message);
            if (rule != null && rule.family() == family) {
                found.add(rule);
            }
        }
        return found;
    }

    /** The rules of the families that a batch concerns, in the kernel's order, as they will be when it has been executed. */
    private final class Existing {
        private final Map<IpFamily, Map<Integer, List<PolicyRule>>> byPriority = new EnumMap<>(IpFamily.class);

        /** Those with the priority of a rule. */
        List<PolicyRule> beside(PolicyRule rule) throws IOException {
            Map<Integer, List<PolicyRule>> ofFamily = byPriority.get(rule.family());
            if (ofFamily == null) {
                ofFamily = new HashMap<>();
                for (PolicyRule listed : listed(rule.family())) {
                    ofFamily.computeIfAbsent(listed.priority(), none -> new ArrayList<>()).add(listed);
                }
                byPriority.put(rule.family(), ofFamily);
            }
            return ofFamily.computeIfAbsent(rule.priority(), none -> new ArrayList<>());
        }
    }
}

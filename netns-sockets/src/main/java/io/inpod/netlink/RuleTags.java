package io.inpod.netlink;

import java.util.List;
import java.util.Objects;

/**
 * Protocol numbers that the library gives to a rule which the kernel couldn't tell from an earlier one when it is to be deleted.
 * RTM_DELRULE names what a rule selects, and takes what is left out for "any": it would delete the first rule that selects at least that.
 * The protocol is compared, and changes nothing else. A tag isn't shown as a rule's protocol.
 */
final class RuleTags {
    private static final int FIRST = 224;
    private static final int LAST = 239;

    private RuleTags() {}

    static boolean isTag(int protocol) {
        return protocol >= FIRST && protocol <= LAST;
    }

    /** The rule as its maker described it. */
    static PolicyRule without(PolicyRule rule) {
        return isTag(rule.protocol()) ? rule.withProtocol(0) : rule;
    }

    /** The rule with a tag, if it needs one beside the others of its priority; unchanged if all tags are in use. */
    static PolicyRule with(PolicyRule rule, List<PolicyRule> others) {
        List<PolicyRule> hits = others.stream().filter(other -> hits(rule, other)).toList();
        if (rule.protocol() != 0 || hits.isEmpty()) {
            return rule;
        }
        for (int tag = FIRST; tag <= LAST; tag++) {
            PolicyRule tagged = rule.withProtocol(tag);
            if (hits.stream().noneMatch(other -> hits(tagged, other))) {
                return tagged;
            }
        }
        return rule;
    }

    /** Whether a request to delete a rule fits another one, as the kernel compares them: rule_find in net/core/fib_rules.c. */
    static boolean hits(PolicyRule deleted, PolicyRule other) {
        RuleSelector wanted = deleted.selector();
        RuleSelector found = other.selector();
        return deleted.family() == other.family() && deleted.priority() == other.priority() && deleted.action() == other.action()
                && (deleted.table() == 0 || deleted.table() == other.table())
                && (deleted.mark() == 0 || deleted.mark() == other.mark())
                && (deleted.mask() == 0 || deleted.mask() == other.mask())
                && (deleted.protocol() == 0 || deleted.protocol() == other.protocol())
                && (wanted.incoming() == null || Objects.equals(wanted.incoming(), found.incoming()))
                && (wanted.outgoing() == null || Objects.equals(wanted.outgoing(), found.outgoing()))
                && (wanted.fromLength() == 0 || wanted.fromLength() == found.fromLength() && Objects.equals(wanted.from(), found.from()))
                && (wanted.toLength() == 0 || wanted.toLength() == found.toLength() && Objects.equals(wanted.to(), found.to()))
                && (wanted.tos() == 0 || wanted.tos() == found.tos());
    }
}

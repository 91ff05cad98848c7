package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A routing rule, typically one that looks up marked packets in a separate table, see ip-rule(8). Begins with {@link #lookup} or
 * {@link #act}; the methods that begin with {@code with} return copies.
 *
 * @param family the family of the packets
 * @param priority its position among the rules, 0 to 2³²-1, lowest first; the kernel's default rules have 0, 32766 and 32767
 * @param mark the packet mark that it applies to
 * @param mask the bits of the mark that are compared; 0 for a rule that applies to any mark
 * @param action what happens to a packet
 * @param table number of the routing table, 1 to 2³²-1; 0 if the action needs none
 * @param selector the other criteria
 * @param protocol who made it, a number of {@code /etc/iproute2/rt_protos}, 0 to 255; 0 if that isn't noted, as for most rules
 */
public record PolicyRule(
        IpFamily family, int priority, int mark, int mask, Action action, int table, RuleSelector selector, int protocol) {
    /** The treatment of a packet. */
    public enum Action {
        /** It is looked up in the table. */
        LOOKUP(1),
        /** Evaluation continues at a later rule. */
        GOTO(2),
        /** Evaluation continues at the next rule. */
        NOP(3),
        /** It is dropped silently. */
        BLACKHOLE(6),
        /** It is rejected: the network is unreachable. */
        UNREACHABLE(7),
        /** It is rejected: communication is prohibited. */
        PROHIBIT(8);

        private final int number;

        Action(int number) {
            this.number = number;
        }

        /** FR_ACT_ of linux/fib_rules.h. */
        int number() {
            return number;
        }

        static @Nullable Action of(int number) {
            for (Action action : values()) {
                if (action.number == number) {
                    return action;
                }
            }
            return null;
        }
    }

    /**
     * Checks the values.
     *
     * @param family see {@link PolicyRule}
     * @param priority see {@link PolicyRule}
     * @param mark see {@link PolicyRule}
     * @param mask see {@link PolicyRule}
     * @param action see {@link PolicyRule}
     * @param table see {@link PolicyRule}
     * @param selector see {@link PolicyRule}
     * @param protocol see {@link PolicyRule}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public PolicyRule {
        if (table == 0 && action == Action.LOOKUP && selector.others().isEmpty()) {
            throw new IllegalArgumentException("table 0 doesn't exist");
        }
        if (protocol < 0 || protocol > 255) {
            throw new IllegalArgumentException("a protocol is 0 to 255, not " + protocol);
        }
    }

    /**
     * Creates a rule without a note of who made it.
     *
     * @param family see {@link PolicyRule}
     * @param priority see {@link PolicyRule}
     * @param mark see {@link PolicyRule}
     * @param mask see {@link PolicyRule}
     * @param action see {@link PolicyRule}
     * @param table see {@link PolicyRule}
     * @param selector see {@link PolicyRule}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public PolicyRule(IpFamily family, int priority, int mark, int mask, Action action, int table, RuleSelector selector) {
        this(family, priority, mark, mask, action, table, selector, 0);
    }

    /**
     * Creates a rule that selects packets only by their mark.
     *
     * @param family see {@link PolicyRule}
     * @param priority see {@link PolicyRule}
     * @param mark see {@link PolicyRule}
     * @param mask see {@link PolicyRule}
     * @param table see {@link PolicyRule}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public PolicyRule(IpFamily family, int priority, int mark, int mask, int table) {
        this(family, priority, mark, mask, Action.LOOKUP, table, RuleSelector.NONE);
        if (priority < 0) {
            throw new IllegalArgumentException("priority " + priority + " is negative");
        }
        if ((mark & ~mask) != 0) {
            throw new IllegalArgumentException(
                    "mark 0x" + Integer.toHexString(mark) + " has bits outside mask 0x" + Integer.toHexString(mask));
        }
    }

    /**
     * Returns a rule for all packets that looks them up in a table.
     *
     * @param family see {@link PolicyRule}
     * @param priority see {@link PolicyRule}
     * @param table see {@link PolicyRule}
     * @return the rule
     * @throws IllegalArgumentException if there is no such table
     */
    public static PolicyRule lookup(IpFamily family, int priority, int table) {
        return new PolicyRule(family, priority, 0, 0, Action.LOOKUP, table, RuleSelector.NONE);
    }

    /**
     * Returns a rule for all packets that needs no table.
     *
     * @param family see {@link PolicyRule}
     * @param priority see {@link PolicyRule}
     * @param action what happens to a packet
     * @return the rule
     * @throws IllegalArgumentException if the action needs a table
     */
    public static PolicyRule act(IpFamily family, int priority, Action action) {
        return new PolicyRule(family, priority, 0, 0, action, 0, RuleSelector.NONE);
    }

    /**
     * Limits it to packets with a mark.
     *
     * @param value the mark
     * @param bits the bits of it that are compared
     * @return a copy with it
     * @throws IllegalArgumentException if the mark has bits outside the mask: no packet would have it
     */
    public PolicyRule withMark(int value, int bits) {
        if ((value & ~bits) != 0) {
            throw new IllegalArgumentException(
                    "mark 0x" + Integer.toHexString(value) + " has bits outside mask 0x" + Integer.toHexString(bits));
        }
        return new PolicyRule(family, priority, value, bits, action, table, selector, protocol);
    }

    /**
     * Limits it to packets that meet other criteria too.
     *
     * @param value see {@link PolicyRule}
     * @return a copy with them
     */
    public PolicyRule withSelector(RuleSelector value) {
        return new PolicyRule(family, priority, mark, mask, action, table, value, protocol);
    }

    /**
     * Notes who made it.
     *
     * @param value see {@link PolicyRule}
     * @return a copy with it
     * @throws IllegalArgumentException if it is out of range
     */
    public PolicyRule withProtocol(int value) {
        return new PolicyRule(family, priority, mark, mask, action, table, selector, value);
    }

    /** {@return the form that {@code ip rule} prints} */
    @Override
    public String toString() {
        return Integer.toUnsignedString(priority) + ": " + selector
                + (mask == 0 && mark == 0 ? "" : " fwmark 0x" + Integer.toHexString(mark) + "/0x" + Integer.toHexString(mask))
                + (action == Action.LOOKUP ? " lookup " + Integer.toUnsignedString(table) : " " + action.name().toLowerCase(Locale.ROOT))
                + (protocol == 0 ? "" : " proto " + protocol)
                + (family == IpFamily.V6 ? " (IPv6)" : "");
    }
}

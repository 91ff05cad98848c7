package io.inpod.iptables.internal;

/**
 * The dynamic sets in which rules of {@code inet} tables count the connections of each address. Each is part of one rule. They are created
 * without a size: the kernel then limits them to 65535 addresses.
 */
public final class CountSets {
    /** No set of a rule set has such a name, because of the slash. */
    private static final String PREFIX = "connections/";

    private CountSets() {}

    /** Returns the name of a set of a table. */
    public static String name(int number) {
        return PREFIX + number;
    }

    /** Returns whether a set is such one, by its name, or by the kernel's name for a set without one. */
    public static boolean isName(String set) {
        return isNamed(set) || set.startsWith("__");
    }

    /** Returns whether a set is such one by its name. */
    public static boolean isNamed(String set) {
        return set.startsWith(PREFIX);
    }
}

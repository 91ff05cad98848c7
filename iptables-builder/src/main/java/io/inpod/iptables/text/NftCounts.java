package io.inpod.iptables.text;

import io.inpod.iptables.internal.CountSets;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;

/** The sets of a table in which its rules count the connections of each address, in the order of the rules. */
final class NftCounts {
    private final List<String> added = new ArrayList<>();
    private int number;

    /** Adds a set for one condition of one rule, and returns its name. */
    String add(IpFamily family) {
        String name = CountSets.name(++number);
        added.add(name + " { type " + (family == IpFamily.V4 ? "ipv4_addr" : "ipv6_addr") + " ; flags dynamic ; }");
        return name;
    }

    /** Returns the definitions that have been added since the last call. */
    List<String> taken() {
        List<String> taken = List.copyOf(added);
        added.clear();
        return taken;
    }
}

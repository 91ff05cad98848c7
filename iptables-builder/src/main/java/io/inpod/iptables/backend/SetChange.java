package io.inpod.iptables.backend;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Names;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;

/**
 * Addresses that come and go in a set.
 *
 * @param set its name
 * @param family its family
 * @param add what to add, with comments
 * @param remove what to remove; nothing of what is added
 */
public record SetChange(String set, IpFamily family, List<AddressSet.Element> add, Set<InetAddress> remove) {
    /**
     * Checks name and families.
     *
     * @param set its name
     * @param family its family
     * @param add what to add, with comments
     * @param remove what to remove; nothing of what is added
     * @throws IllegalArgumentException naming what doesn't fit
     */
    public SetChange {
        Names.set(set);
        add = new AddressSet(set, family, add).elements();
        remove = Set.copyOf(remove);
        for (InetAddress address : remove) {
            if (IpFamily.of(address) != family) {
                throw new IllegalArgumentException("set " + set + " of " + family + " can't hold " + AddressText.of(address));
            }
        }
        for (AddressSet.Element element : add) {
            if (remove.contains(element.address())) {
                throw new IllegalArgumentException("set " + set + ": " + element + " is to be added and removed");
            }
        }
    }
}

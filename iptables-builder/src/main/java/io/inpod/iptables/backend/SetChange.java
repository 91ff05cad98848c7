package io.inpod.iptables.backend;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Names;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;

/**
 * Addresses to add to a set and to remove from it.
 *
 * @param set the name of the set
 * @param family the family of the set
 * @param add the elements to add, with comments
 * @param remove the addresses to remove, none of which is also added
 */
public record SetChange(String set, IpFamily family, List<AddressSet.Element> add, Set<InetAddress> remove) {
    /**
     * Checks name and families.
     *
     * @param set see {@link #set()}
     * @param family see {@link #family()}
     * @param add see {@link #add()}
     * @param remove see {@link #remove()}
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

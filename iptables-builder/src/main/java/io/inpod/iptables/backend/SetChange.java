package io.inpod.iptables.backend;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.NamedSet;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Elements to add to a set of addresses and to remove from it; {@link PortSetChange} is for ports.
 *
 * @param set the name of the set
 * @param family the family of the set
 * @param type the type of the set
 * @param add the elements to add, with comments
 * @param remove the blocks to remove, none of which is also added
 */
public record SetChange(String set, IpFamily family, AddressSet.Type type, List<AddressSet.Element> add, Set<IpPrefix> remove) {
    /**
     * Checks name, families and type.
     *
     * @param set see {@link #set()}
     * @param family see {@link #family()}
     * @param type see {@link #type()}
     * @param add see {@link #add()}
     * @param remove see {@link #remove()}
     * @throws IllegalArgumentException naming what doesn't fit
     */
    public SetChange {
        add = new AddressSet(set, family, type, add).elements();
        remove = Set.copyOf(remove);
        for (IpPrefix prefix : remove) {
            new AddressSet(set, family, type, List.of(new AddressSet.Element(prefix, ""))); // checks that it could be an element
        }
        for (AddressSet.Element element : add) {
            if (remove.contains(element.prefix())) {
                throw new IllegalArgumentException("set " + set + ": " + element + " is to be added and removed");
            }
        }
    }

    /** Returns a set of the same name, family and type. */
    AddressSet kind() {
        return AddressSet.atRuntime(set, family, type);
    }

    /** Returns the set after this change; fails if an element would overlap with one that stays. */
    AddressSet appliedTo(AddressSet held) throws IOException {
        try {
            return held.with(add, remove);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Returns the error that a namespace has no such set. */
    static IOException missing(NamedSet kind, NetworkNamespace namespace) {
        return new IOException("a set " + kind.name() + " of " + kind.content() + " isn't there in " + namespace
                + ": apply the rules first");
    }

    /**
     * Creates a change of a set of single addresses.
     *
     * @param set the name of the set
     * @param family the family of the set
     * @param add the elements to add, with comments
     * @param remove the addresses to remove, none of which is also added
     * @throws IllegalArgumentException naming what doesn't fit
     */
    public SetChange(String set, IpFamily family, List<AddressSet.Element> add, Set<InetAddress> remove) {
        this(set, family, AddressSet.Type.ADDRESSES, add, remove.stream().map(IpPrefix::of).collect(Collectors.toSet()));
    }
}

package io.inpod.iptables.backend;

import io.inpod.iptables.PortSet;
import io.inpod.iptables.Ports;
import java.util.List;
import java.util.Set;

/**
 * Ports to add to a set and to remove from it. They are changed one by one: of a range that the set holds, a part may be removed.
 *
 * @param set the name of the set
 * @param add the ports to add, with comments
 * @param remove the ports to remove, none of which is also added
 */
public record PortSetChange(String set, List<PortSet.Element> add, Set<Ports> remove) {
    /**
     * Checks name and ports.
     *
     * @param set see {@link #set()}
     * @param add see {@link #add()}
     * @param remove see {@link #remove()}
     * @throws IllegalArgumentException naming what doesn't fit
     */
    public PortSetChange {
        add = new PortSet(set, add).elements();
        remove = Set.copyOf(remove);
        for (PortSet.Element element : add) {
            for (Ports gone : remove) {
                if (gone.first() <= element.ports().last() && element.ports().first() <= gone.last()) {
                    throw new IllegalArgumentException(
                            "set " + set + ": " + element + " is to be added, and " + gone.text('-') + " removed");
                }
            }
        }
    }

    /** Returns a set of the same name. */
    PortSet kind() {
        return new PortSet(set, List.of());
    }
}

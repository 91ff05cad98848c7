package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** The address families that something applies to: IPv4, IPv6 or both. Iterates over them, IPv4 first. */
public enum FamilyScope implements Iterable<IpFamily> {
    /** IPv4 only. */
    V4(IpFamily.V4),
    /** IPv6 only. */
    V6(IpFamily.V6),
    /** Both families. */
    BOTH(IpFamily.V4, IpFamily.V6);

    private final List<IpFamily> families;
    private final Optional<IpFamily> single; // created once: rules are asked for it often enough for new ones to be noticeable

    FamilyScope(IpFamily... families) {
        this.families = List.of(families);
        this.single = families.length == 1 ? Optional.of(families[0]) : Optional.empty();
    }

    /**
     * Returns the scope of one family.
     *
     * @param family the family
     * @return the scope that contains it alone
     */
    public static FamilyScope of(IpFamily family) {
        return family == IpFamily.V4 ? V4 : V6;
    }

    /**
     * Returns the scope of some families.
     *
     * @param families at least one family, in any order, possibly repeated
     * @return the scope that contains exactly these
     * @throws IllegalArgumentException if there is none
     */
    public static FamilyScope of(Collection<IpFamily> families) {
        if (families.isEmpty()) {
            throw new IllegalArgumentException("no address family");
        }
        return families.containsAll(BOTH.families) ? BOTH : of(families.iterator().next());
    }

    /**
     * Returns whether a family is in this scope.
     *
     * @param family the family
     * @return whether this is the scope of that family or of both
     */
    public boolean contains(IpFamily family) {
        return families.contains(family);
    }

    /** {@return the family of this scope, if it is the only one} */
    public Optional<IpFamily> single() {
        return single;
    }

    /**
     * Narrows this scope to that of a surrounding thing.
     *
     * @param outer the surrounding scope
     * @return this scope, or the outer one if this is {@link #BOTH}
     */
    public FamilyScope within(FamilyScope outer) {
        return this == BOTH ? outer : this;
    }

    @Override
    public Iterator<IpFamily> iterator() {
        return families.iterator();
    }

    /** {@return such as {@code IPv4}, or {@code IPv4 and IPv6}} */
    @Override
    public String toString() {
        return this == BOTH ? "IPv4 and IPv6" : families.get(0).toString();
    }
}

package io.inpod.netlink;

/** A change of a namespace's network configuration, as reported by {@link RtnetlinkWatch}. */
public sealed interface NetworkEvent {
    /**
     * An interface was created, changed, or deleted (or moved to another namespace).
     *
     * @param link the interface as it is now, or as it was
     * @param gone whether it is gone
     */
    record LinkChanged(Link link, boolean gone) implements NetworkEvent {}

    /**
     * An address was added to an interface, renewed, or deleted.
     *
     * @param address the address
     * @param gone whether it was deleted
     */
    record AddressChanged(LinkAddress address, boolean gone) implements NetworkEvent {}

    /**
     * A route was added, replaced or deleted.
     *
     * @param route the route
     * @param gone whether it was deleted
     */
    record RouteChanged(Route route, boolean gone) implements NetworkEvent {}

    /**
     * A routing rule was added or deleted.
     *
     * @param rule the rule
     * @param gone whether it was deleted
     */
    record RuleChanged(PolicyRule rule, boolean gone) implements NetworkEvent {}

    /**
     * An entry for a neighbour was added, changed or deleted.
     *
     * @param neighbour the entry as it is now, or as it was
     * @param gone whether it was deleted
     */
    record NeighbourChanged(Neighbour neighbour, boolean gone) implements NetworkEvent {}

    /**
     * Changes arrived faster than they were read, and some were lost: a caller that tracks the state must list it again.
     *
     * @param reason which buffer was too small, in words
     */
    record Missed(String reason) implements NetworkEvent {}
}

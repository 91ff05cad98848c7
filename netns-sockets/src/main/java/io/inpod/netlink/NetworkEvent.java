package io.inpod.netlink;

/** A change of a namespace's network, told by {@link RtnetlinkWatch}. */
public sealed interface NetworkEvent {
    /**
     * An interface came, changed, or (moved to another namespace, too) went.
     *
     * @param link as it is now, or was
     * @param gone whether it went
     */
    record LinkChanged(Link link, boolean gone) implements NetworkEvent {}

    /**
     * An interface got, kept or lost an address.
     *
     * @param address which
     * @param gone whether it was lost
     */
    record AddressChanged(LinkAddress address, boolean gone) implements NetworkEvent {}

    /**
     * A route was added, replaced or deleted.
     *
     * @param route which
     * @param gone whether it was deleted
     */
    record RouteChanged(Route route, boolean gone) implements NetworkEvent {}

    /**
     * A routing rule was added or deleted.
     *
     * @param rule which
     * @param gone whether it was deleted
     */
    record RuleChanged(PolicyRule rule, boolean gone) implements NetworkEvent {}

    /**
     * A neighbour was found, changed or forgotten.
     *
     * @param neighbour as it is now, or was
     * @param gone whether it was forgotten
     */
    record NeighbourChanged(Neighbour neighbour, boolean gone) implements NetworkEvent {}

    /**
     * Changes came faster than they were read, and some got lost: whoever follows the state must list it again.
     *
     * @param reason what was too small, for people
     */
    record Missed(String reason) implements NetworkEvent {}
}

package io.inpod.iptables;

/**
 * A condition on a packet's family, addresses, interfaces or protocol. A rule has at most one of each kind, and their order means nothing.
 */
public sealed interface BasicMatch extends Match
        permits FamilyMatch, SourceMatch, DestinationMatch, InInterfaceMatch, OutInterfaceMatch, ProtocolMatch, ProtocolNumberMatch {}

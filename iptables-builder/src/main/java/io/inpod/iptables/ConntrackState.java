package io.inpod.iptables;

/** What connection tracking says of a packet, see iptables-extensions(8), conntrack; in the order in which iptables-save lists them. */
public enum ConntrackState {
    /** Belongs to no connection that could be tracked. */
    INVALID,
    /** Starts a connection, or belongs to one that has been seen in one direction only. */
    NEW,
    /** Starts a connection that an existing one announced. */
    RELATED,
    /** Belongs to a connection that has been seen in both directions. */
    ESTABLISHED,
    /** Was exempted from tracking. */
    UNTRACKED
}

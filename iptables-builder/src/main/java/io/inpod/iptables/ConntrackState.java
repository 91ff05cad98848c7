package io.inpod.iptables;

/** The state that connection tracking gives a packet, see iptables-extensions(8), conntrack; in the order of iptables-save. */
public enum ConntrackState {
    /** Belongs to no trackable connection. */
    INVALID,
    /** Starts a connection, or belongs to one that has been seen in one direction only. */
    NEW,
    /** Starts a connection that an existing connection announced. */
    RELATED,
    /** Belongs to a connection that has been seen in both directions. */
    ESTABLISHED,
    /** Was exempted from tracking. */
    UNTRACKED
}

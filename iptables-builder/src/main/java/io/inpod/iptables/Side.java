package io.inpod.iptables;

/** One of a packet's two addresses. */
public enum Side {
    /** The source address. */
    SOURCE,
    /** The destination address. */
    DESTINATION
}

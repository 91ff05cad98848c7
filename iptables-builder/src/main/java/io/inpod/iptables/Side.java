package io.inpod.iptables;

/** Which of a packet's two addresses. */
public enum Side {
    /** Where it comes from. */
    SOURCE,
    /** Where it goes. */
    DESTINATION
}

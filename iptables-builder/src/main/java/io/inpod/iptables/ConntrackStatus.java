package io.inpod.iptables;

/** A status bit of a tracked connection, see iptables-extensions(8), conntrack, {@code --ctstatus}; in the order of the kernel's bits. */
public enum ConntrackStatus {
    /** Was announced by another connection. */
    EXPECTED,
    /** Has been seen in both directions. */
    SEEN_REPLY,
    /** Isn't evicted when the table is full. */
    ASSURED,
    /** Its first packet has left this machine or reached a socket. */
    CONFIRMED
}

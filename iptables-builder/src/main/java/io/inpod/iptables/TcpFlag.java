package io.inpod.iptables;

/** A bit of the TCP header, RFC 9293 section 3.1, in the order in which iptables-save(8) lists them. */
public enum TcpFlag {
    /** No more data from the sender. */
    FIN(0x01),
    /** Synchronises sequence numbers: opens a connection. */
    SYN(0x02),
    /** Resets the connection. */
    RST(0x04),
    /** Asks to pass on the data at once. */
    PSH(0x08),
    /** The acknowledgement number counts. */
    ACK(0x10),
    /** The urgent pointer counts. */
    URG(0x20);

    private final int bit;

    TcpFlag(int bit) {
        this.bit = bit;
    }

    /** {@return the bit in the header's byte of flags} */
    public int bit() {
        return bit;
    }
}

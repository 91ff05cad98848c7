package io.inpod.iptables;

/** A bit of the TCP header, RFC 9293 section 3.1, in the order in which iptables-save(8) lists them. */
public enum TcpFlag {
    /** The sender has no more data. */
    FIN(0x01),
    /** Synchronises sequence numbers: opens a connection. */
    SYN(0x02),
    /** Resets the connection. */
    RST(0x04),
    /** Requests immediate delivery of the data. */
    PSH(0x08),
    /** The acknowledgement number is valid. */
    ACK(0x10),
    /** The urgent pointer is valid. */
    URG(0x20);

    private final int bit;

    TcpFlag(int bit) {
        this.bit = bit;
    }

    /** {@return the flag's bit in the header} */
    public int bit() {
        return bit;
    }
}

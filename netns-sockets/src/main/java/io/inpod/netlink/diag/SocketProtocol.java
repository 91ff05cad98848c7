package io.inpod.netlink.diag;

/** The protocols whose sockets are listed by addresses and ports. */
public enum SocketProtocol {
    /** TCP. */
    TCP(6),
    /** UDP. */
    UDP(17);

    private final int number;

    SocketProtocol(int number) {
        this.number = number;
    }

    /** IPPROTO_ of netinet/in.h. */
    int number() {
        return number;
    }
}

package io.inpod.netlink.qdisc;

/** What an interface does with the packets that are to be sent, see tc(8). */
public sealed interface Qdisc permits Netem, Tbf, Qdisc.Other {
    /** {@return the kernel's name for it, such as {@code "tbf"}} */
    String kind();

    /**
     * One that can be listed and deleted, but not added, such as the kernel's own.
     *
     * @param kind see {@link Qdisc#kind}
     */
    record Other(String kind) implements Qdisc {}
}

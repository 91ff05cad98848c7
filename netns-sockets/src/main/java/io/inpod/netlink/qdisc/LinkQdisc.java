package io.inpod.netlink.qdisc;

/**
 * A queueing discipline of an interface, from a list.
 *
 * @param link the interface's name; {@code #7} if interface 7 has been deleted meanwhile
 * @param handle its number on the interface, in the kernel's form: {@code 8001:} is 0x80010000; 0 for the kernel's own
 * @param parent where it is attached, in the same form; -1 for the root, which all packets pass
 * @param qdisc what it does
 * @param sentPackets packets sent
 * @param sentBytes bytes sent
 * @param dropped packets dropped
 * @param queuedPackets packets that wait now
 * @param queuedBytes their bytes
 */
public record LinkQdisc(
        String link, int handle, int parent, Qdisc qdisc, long sentPackets, long sentBytes, long dropped, long queuedPackets,
        long queuedBytes) {
    /** {@return whether all packets of the interface pass it} */
    public boolean isRoot() {
        return parent == -1;
    }
}

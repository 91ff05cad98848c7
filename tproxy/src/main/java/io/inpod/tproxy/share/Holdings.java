package io.inpod.tproxy.share;

/**
 * What a proxy, a pod or a client holds.
 *
 * @param sockets open sockets, each of which is a descriptor
 * @param bytes bytes in buffers that wait for a peer that doesn't read
 */
public record Holdings(Share sockets, Share bytes) {
    /**
     * Creates the holdings of a proxy.
     *
     * @param sockets how many sockets it may have
     * @param bytes how many bytes may wait
     * @return the root, of which nothing is held yet
     */
    public static Holdings of(long sockets, long bytes) {
        return new Holdings(Share.of(sockets), Share.of(bytes));
    }

    /** {@return new holdings within these; what they hold also counts here} */
    public Holdings part() {
        return new Holdings(sockets.part(), bytes.part());
    }
}

package io.inpod.netlink.diag;

import org.jspecify.annotations.Nullable;

/**
 * A unix socket, see unix(7).
 *
 * @param type its type
 * @param state its state
 * @param path the path that it is bound to; an abstract address begins with {@code @}, which stands for each of its zero bytes too; null
 *     if it is bound to none
 * @param inode its inode, by which {@link io.inpod.netns.SocketHolders} finds processes
 * @param peer the inode of the socket that it is connected to, or 0
 * @param user the user who created it; -1 before Linux 5.3, which doesn't tell
 * @param receiveQueue bytes, or for datagrams messages, that the process hasn't read; of a listener, connections that it hasn't accepted
 * @param sendQueue bytes that the peer hasn't read; of a listener, how many connections may wait
 */
public record UnixSocket(
        Type type, SocketState state, @Nullable String path, long inode, long peer, long user, long receiveQueue, long sendQueue) {
    /** The types of unix sockets, SOCK_. */
    public enum Type {
        /** A stream of bytes. */
        STREAM(1),
        /** Datagrams. */
        DGRAM(2),
        /** Messages in a connection. */
        SEQPACKET(5);

        private final int number;

        Type(int number) {
            this.number = number;
        }

        static @Nullable Type of(int number) {
            for (Type type : values()) {
                if (type.number == number) {
                    return type;
                }
            }
            return null;
        }
    }
}

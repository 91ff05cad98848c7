package io.inpod.netlink.diag;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The state of a socket, of net/tcp_states.h. Sockets of UDP and unix sockets use a few of them: {@link #ESTABLISHED} if they are
 * connected, {@link #CLOSE} if not, and {@link #LISTEN}.
 */
public enum SocketState {
    /** It is connected. */
    ESTABLISHED(1),
    /** It has asked for a connection. */
    SYN_SENT(2),
    /** A connection has been asked for and answered with TCP Fast Open. */
    SYN_RECEIVED(3),
    /** This end has finished, and waits for the acknowledgement. */
    FIN_WAIT_1(4),
    /** This end has finished, and waits for the other to finish. */
    FIN_WAIT_2(5),
    /** It has ended, and its addresses aren't used again for a minute. Belongs to no process: its inode and user are 0. */
    TIME_WAIT(6),
    /** It isn't connected. Of TCP, it is bound and neither listens nor is connected, which is told since Linux 6.8. */
    CLOSE(7),
    /** The other end has finished, and this one hasn't. */
    CLOSE_WAIT(8),
    /** Both ends have finished; the last acknowledgement is missing. */
    LAST_ACK(9),
    /** It listens. */
    LISTEN(10),
    /** Both ends have finished at the same time. */
    CLOSING(11),
    /** A connection has been asked for, and its handshake isn't complete. Belongs to no process yet. */
    NEW_SYN_RECEIVED(12);

    /** TCP_BOUND_INACTIVE: by this bit the kernel is asked for bound sockets, whose state it tells as {@link #CLOSE}. */
    private static final int BOUND_BIT = 1 << 13;

    private static final SocketState[] ALL = values();

    private final int number;

    SocketState(int number) {
        this.number = number;
    }

    /** The bits of some states in a request. */
    static int bits(Set<SocketState> states) {
        return states.stream().mapToInt(state -> 1 << state.number).sum() | (states.contains(CLOSE) ? BOUND_BIT : 0);
    }

    /** Null for a number of a future kernel. */
    static @Nullable SocketState of(int number) {
        return number >= 1 && number <= ALL.length ? ALL[number - 1] : null;
    }
}

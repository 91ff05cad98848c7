package io.inpod.netlink;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Carries datagrams to the kernel and back. Sending and receiving are for one thread at a time, closing is for any. */
interface NetlinkTransport extends AutoCloseable {
    /** This end's netlink address, which the kernel's answers carry. */
    int port();

    /** Room for unread answers, in bytes as the kernel counts them: with its own overhead for each. */
    int receiveBytes();

    /** Sends messages from position to limit in one piece; the kernel has executed them when this returns. */
    void send(ByteBuffer messages) throws IOException;

    /**
     * The next datagram from the kernel itself, from 0 to limit, valid until the next call; null if none came in time; negative milliseconds wait for ever.
     * {@link AnswerLostException} if one came and couldn't be kept; those that wait can still be received.
     */
    @Nullable ByteBuffer receive(int timeoutMillis) throws IOException;

    @Override
    void close();
}

package io.inpod.netlink;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Carries datagrams to the kernel and back. One thread at a time may send and receive; any thread may close it. */
interface NetlinkTransport extends AutoCloseable {
    /** The netlink address of this end, which the kernel's answers contain; known when something has been sent. */
    int port();

    /** The size of the receive buffer in bytes, from which the kernel deducts its overhead for each answer. */
    int receiveBytes() throws IOException;

    /** Sends the messages from position to limit in one datagram; the kernel has executed them when this returns. */
    void send(ByteBuffer messages) throws IOException;

    /**
     * Returns the next datagram from the kernel, from 0 to limit, valid until the next call; null if none arrives in time. Negative
     * milliseconds wait indefinitely. Throws {@link AnswerLostException} if a datagram was lost; the following ones can still be received.
     */
    @Nullable
    ByteBuffer receive(int timeoutMillis) throws IOException;

    /** Notes that what was sent has been answered in full, so that nothing more will arrive. */
    default void answered() {}

    @Override
    void close();
}

package io.inpod.hbone.internal;

import io.inpod.hbone.TunnelResetException;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/** The state of one HTTP/2 stream. Event loop only. */
final class Stream {
    final int id;
    long sendWindow;
    int receiveWindow;
    /** Bytes that the reader has taken and that we haven't told the peer about. */
    int unreturned;
    boolean localEnded;
    boolean remoteEnded;
    /** Gone from the connection: both directions ended, or reset, or the connection was lost. */
    boolean closed;
    /** RST_STREAM NO_ERROR after END_STREAM: the peer has said all and wants to hear no more. */
    boolean dismissed;
    /** Our side is closed, theirs may still end in order. */
    boolean lingering;
    /** Client: the 200 has come. */
    boolean answered;
    @Nullable TunnelResetException failure;
    @Nullable StreamOwner owner;
    @Nullable StreamChannel channel;
    final InputQueue input;
    long bytesReceived;
    long bytesSent;
    /** In the connection's list of streams with news. */
    boolean ready;
    /** In the scheduler's round. */
    boolean waiting;

    Stream(int id, long sendWindow, int receiveWindow, ByteBufAllocator allocator) {
        this.id = id;
        this.input = new InputQueue(allocator);
        this.sendWindow = sendWindow;
        this.receiveWindow = receiveWindow;
    }
}

package io.inpod.hbone.internal.stream;

import io.inpod.hbone.TunnelResetException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * The state of one HTTP/2 stream. Event loop only.
 *
 * <p>Only this class changes the state, with one method for each event in a stream's life: {@link Streams} calls those of its beginning and
 * its end, {@link SendScheduler} and {@link ReceiveWindow} those of flow control, and {@link LoopTurn} those of the list of streams with
 * news.
 */
public final class Stream {
    private final int id;
    private final InputQueue input;

    private boolean localEnded;
    private boolean remoteEnded;
    private boolean closed;
    private boolean dismissed;
    private boolean lingering;
    private boolean answered;
    private @Nullable TunnelResetException failure;
    private boolean brokenOff;
    private @Nullable StreamOwner owner;
    private @Nullable StreamChannel channel;

    private long sendWindow;
    private boolean waiting;
    private long bytesSent;

    private int receiveWindow;
    private int unreturned;
    private long bytesReceived;

    private boolean hasNews;

    Stream(int id, boolean remoteEnded, long sendWindow, int receiveWindow, ByteBufAllocator allocator) {
        this.id = id;
        this.remoteEnded = remoteEnded;
        this.sendWindow = sendWindow;
        this.receiveWindow = receiveWindow;
        this.input = new InputQueue(allocator);
    }

    /** The stream identifier. */
    public int id() {
        return id;
    }

    /** Keeps bytes that have arrived before there is a tunnel to read them; takes ownership. */
    public void keep(ByteBuf part) {
        input.add(part);
        input.compact();
    }

    /** Bytes that have arrived and that the tunnel hasn't read. */
    InputQueue input() {
        return input;
    }

    // --- from the first HEADERS frame to the end

    /** Names the party that learns of a failure until the stream has a tunnel. */
    public void own(StreamOwner newOwner) {
        owner = newOwner;
    }

    /** Clears the party that waits for this stream. */
    public void disown() {
        owner = null;
    }

    /** The party that waits for this stream to become a tunnel, or null. */
    public @Nullable StreamOwner owner() {
        return owner;
    }

    /** Client: the final answer has arrived. */
    public void answer() {
        answered = true;
    }

    /** Whether the final answer has arrived (client only). */
    public boolean isAnswered() {
        return answered;
    }

    /** The stream becomes a tunnel. */
    void attach(StreamChannel tunnel) {
        channel = tunnel;
        owner = null;
    }

    /** The tunnel's channel; null until there is a tunnel. */
    public @Nullable StreamChannel channel() {
        return channel;
    }

    /** END_STREAM was sent. */
    void endLocal() {
        localEnded = true;
    }

    boolean isLocalEnded() {
        return localEnded;
    }

    /** END_STREAM was received. */
    void endRemote() {
        remoteEnded = true;
    }

    /** Whether the peer has sent END_STREAM. */
    public boolean isRemoteEnded() {
        return remoteEnded;
    }

    /** The peer sent RST_STREAM NO_ERROR after END_STREAM: it has sent everything and reads no more. */
    void dismiss() {
        dismissed = true;
    }

    boolean isDismissed() {
        return dismissed;
    }

    /** Our side is closed; the peer may still end its side in order. */
    void linger() {
        lingering = true;
    }

    /** Whether only the peer's END_STREAM is still awaited. */
    public boolean isLingering() {
        return lingering;
    }

    /** The stream was reset, or its connection was lost. */
    void fail(TunnelResetException reason) {
        failure = reason;
    }

    /** Why the stream failed; null if it didn't. */
    public @Nullable TunnelResetException failure() {
        return failure;
    }

    /** The peer has violated the protocol: its bytes wait for no reader. */
    void breakOff() {
        brokenOff = true;
    }

    boolean isBrokenOff() {
        return brokenOff;
    }

    /** The stream leaves its connection. */
    void close() {
        closed = true;
    }

    /** Whether the stream has left its connection: both directions ended, or it was reset, or the connection was lost. */
    public boolean isClosed() {
        return closed;
    }

    // --- flow control of what we send

    /** Adds to the send window; returns false if the window overflows. */
    boolean growSendWindow(long increment) {
        sendWindow += increment;
        return sendWindow <= Integer.MAX_VALUE;
    }

    long sendWindow() {
        return sendWindow;
    }

    void sent(int bytes) {
        sendWindow -= bytes;
        bytesSent += bytes;
    }

    long bytesSent() {
        return bytesSent;
    }

    /** Joins the scheduler's round; returns false if the stream is in it already. */
    boolean joinRound() {
        boolean joined = !waiting;
        waiting = true;
        return joined;
    }

    void leaveRound() {
        waiting = false;
    }

    // --- flow control of what we receive

    /** Counts the length of a DATA frame; returns false if it exceeds the receive window. */
    boolean received(int bytes) {
        receiveWindow -= bytes;
        bytesReceived += bytes;
        return receiveWindow >= 0 || bytes == 0;
    }

    long bytesReceived() {
        return bytesReceived;
    }

    void resizeReceiveWindow(int change) {
        receiveWindow += change;
    }

    /** The tunnel has read some bytes; returns how many have been read since the last WINDOW_UPDATE. */
    int read(int bytes) {
        unreturned += bytes;
        return unreturned;
    }

    /** Bytes that were read and that no WINDOW_UPDATE has returned to the peer. */
    int unreturned() {
        return unreturned;
    }

    /** Returns the credit for what was read to the receive window; gives the increment for WINDOW_UPDATE. */
    int giveBack() {
        int increment = unreturned;
        receiveWindow += increment;
        unreturned = 0;
        return increment;
    }

    // --- the list of streams with news

    /** Returns false if the stream is in the list already. */
    boolean raiseNews() {
        boolean raised = !hasNews;
        hasNews = true;
        return raised;
    }

    void clearNews() {
        hasNews = false;
    }
}

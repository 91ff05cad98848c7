package io.inpod.hbone.internal.stream;

import io.inpod.hbone.HboneEvents;
import io.netty.channel.Channel;

/**
 * Reports events of one connection and its streams.
 *
 * @param listener the caller's listener
 * @param connection the TCP channel
 */
public record ConnectionEvents(HboneEvents listener, Channel connection) {
    /** RST_STREAM was sent or received. */
    public void streamReset(int stream, long code, boolean byPeer) {
        listener.streamReset(connection, stream, code, byPeer);
    }

    /** GOAWAY was sent or received. */
    public void goAway(int lastStream, long code, boolean byPeer) {
        listener.goAway(connection, lastStream, code, byPeer);
    }

    /** A tunnel was opened: reports that, and later its end. */
    void tunnel(StreamChannel channel, Stream stream) {
        if (listener != HboneEvents.NONE) {
            listener.tunnelOpened(channel); // first: the initializer may have closed the tunnel already
            channel.closeFuture().addListener(f -> listener.tunnelClosed(channel, stream.bytesReceived(), stream.bytesSent()));
        }
    }
}

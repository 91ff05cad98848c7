package io.inpod.hbone.internal.connection;

import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.headers.HeaderCodec;
import io.inpod.hbone.internal.headers.StreamError;
import java.util.List;

/** The meaning of inbound frames where client and server differ. */
interface Side {
    boolean isServer();

    /** Whether the stream was never opened. Frames on such a stream violate the protocol; on a closed stream they are late. */
    boolean isIdle(int stream);

    /** A header list within the limit. */
    void headers(int id, List<HeaderCodec.Field> fields, boolean endStream) throws StreamError, ConnectionError;

    /** A header list that exceeds the limit and wasn't kept. */
    void oversized(int id, boolean endStream) throws StreamError, ConnectionError;

    /** SETTINGS; the first ones mean that there can be tunnels. */
    void peerSettings(boolean first);

    void goAwayReceived(int lastStream, long code);

    /** The answer to a PING that isn't one of {@link KeepAlive}. */
    void drainPingAnswered(long payload);

    default void requireOpened(int id, String frame) throws ConnectionError {
        if (isIdle(id)) {
            throw ConnectionError.protocol(frame + " on an idle stream");
        }
    }
}

package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Records events with Flight Recorder and passes them on: {@code io.inpod.HboneConnection} and {@code io.inpod.HboneTunnel} with their
 * durations, and {@code io.inpod.HboneHandshakeFailure}, {@code io.inpod.HboneReset} and {@code io.inpod.HboneGoAway}. Requires the module
 * {@code jdk.jfr}. Costs almost nothing while there is no recording.
 */
public final class HboneFlightRecorder implements HboneEvents {
    private final HboneEvents next;
    private final FlightEvents recorder = new FlightEvents();

    /**
     * Creates a recorder in front of another listener.
     *
     * @param next receives all events too
     */
    public HboneFlightRecorder(HboneEvents next) {
        this.next = Objects.requireNonNull(next, "next");
    }

    @Override
    public void handshakeFailed(Channel connection, String reason) {
        recorder.handshakeFailed(connection, reason);
        next.handshakeFailed(connection, reason);
    }

    @Override
    public void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) {
        recorder.connectionOpened(connection, peer, accepted);
        next.connectionOpened(connection, peer, accepted);
    }

    @Override
    public void connectionClosed(Channel connection, String reason) {
        recorder.connectionClosed(connection, reason);
        next.connectionClosed(connection, reason);
    }

    @Override
    public void connectionFailed(Channel connection, String reason) {
        next.connectionFailed(connection, reason);
    }

    @Override
    public void handlerFailed(Channel connection, Throwable cause) {
        next.handlerFailed(connection, cause);
    }

    @Override
    public void requestExpired(Channel connection, Duration patience) {
        next.requestExpired(connection, patience);
    }

    @Override
    public void tunnelOpened(TunnelChannel tunnel) {
        recorder.tunnelOpened(tunnel);
        next.tunnelOpened(tunnel);
    }

    @Override
    public void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
        recorder.tunnelClosed(tunnel, received, sent);
        next.tunnelClosed(tunnel, received, sent);
    }

    @Override
    public void streamReset(Channel connection, int stream, long errorCode, boolean byPeer) {
        recorder.streamReset(connection, stream, errorCode, byPeer);
        next.streamReset(connection, stream, errorCode, byPeer);
    }

    @Override
    public void goAway(Channel connection, int lastStream, long errorCode, boolean byPeer) {
        recorder.goAway(connection, lastStream, errorCode, byPeer);
        next.goAway(connection, lastStream, errorCode, byPeer);
    }

    @Override
    public @Nullable Consumer<String> frameLog(Channel connection) {
        return next.frameLog(connection);
    }
}

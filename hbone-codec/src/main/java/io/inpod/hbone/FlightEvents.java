package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.AttributeKey;
import java.util.Locale;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** The events for Flight Recorder. */
final class FlightEvents {
    private static final AttributeKey<Connection> CONNECTION = AttributeKey.valueOf(FlightEvents.class, "connection");
    private static final AttributeKey<Tunnel> TUNNEL = AttributeKey.valueOf(FlightEvents.class, "tunnel");

    @Name("io.inpod.HboneConnection")
    @Label("HBONE Connection")
    @Category("inpod")
    @StackTrace(false)
    static final class Connection extends Event {
        @Label("Connection")
        @Nullable
        String connection;

        @Label("Peer")
        @Nullable
        String peer;

        @Label("Accepted")
        boolean accepted;

        @Label("Reason of the End")
        @Nullable
        String reason;
    }

    @Name("io.inpod.HboneTunnel")
    @Label("HBONE Tunnel")
    @Category("inpod")
    @StackTrace(false)
    static final class Tunnel extends Event {
        @Label("Connection")
        @Nullable
        String connection;

        @Label("Stream")
        int stream;

        @Label("Authority")
        @Nullable
        String authority;

        @Label("Peer")
        @Nullable
        String peer;

        @Label("Received")
        @DataAmount
        long received;

        @Label("Sent")
        @DataAmount
        long sent;
    }

    @Name("io.inpod.HboneHandshakeFailure")
    @Label("HBONE Handshake Failure")
    @Category("inpod")
    @StackTrace(false)
    static final class HandshakeFailure extends Event {
        @Label("Connection")
        @Nullable
        String connection;

        @Label("Reason")
        @Nullable
        String reason;
    }

    @Name("io.inpod.HboneReset")
    @Label("HBONE Stream Reset")
    @Category("inpod")
    @StackTrace(false)
    static final class Reset extends Event {
        @Label("Connection")
        @Nullable
        String connection;

        @Label("Stream")
        int stream;

        @Label("Error Code")
        @Nullable
        String code;

        @Label("By Peer")
        boolean byPeer;
    }

    @Name("io.inpod.HboneGoAway")
    @Label("HBONE Going Away")
    @Category("inpod")
    @StackTrace(false)
    static final class GoAway extends Event {
        @Label("Connection")
        @Nullable
        String connection;

        @Label("Last Stream")
        int lastStream;

        @Label("Error Code")
        @Nullable
        String code;

        @Label("By Peer")
        boolean byPeer;
    }

    void handshakeFailed(Channel connection, String reason) {
        HandshakeFailure event = new HandshakeFailure();
        if (event.isEnabled()) {
            event.connection = connection.toString();
            event.reason = reason;
            event.commit();
        }
    }

    void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) {
        Connection event = new Connection();
        if (event.isEnabled()) {
            event.connection = connection.toString();
            event.peer = peer.toString();
            event.accepted = accepted;
            event.begin();
            connection.attr(CONNECTION).set(event);
        }
    }

    void connectionClosed(Channel connection, String reason) {
        Connection event = connection.attr(CONNECTION).getAndSet(null);
        if (event != null) {
            event.reason = reason;
            event.commit();
        }
    }

    void tunnelOpened(TunnelChannel tunnel) {
        Tunnel event = new Tunnel();
        if (event.isEnabled()) {
            event.connection = tunnel.parent().toString();
            event.stream = tunnel.streamId();
            event.authority = tunnel.authority().toString();
            event.peer = tunnel.peerIdentity().toString();
            event.begin();
            tunnel.attr(TUNNEL).set(event);
        }
    }

    void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
        Tunnel event = tunnel.attr(TUNNEL).getAndSet(null);
        if (event != null) {
            event.received = received;
            event.sent = sent;
            event.commit();
        }
    }

    void streamReset(Channel connection, int stream, long errorCode, boolean byPeer) {
        Reset event = new Reset();
        if (event.isEnabled()) {
            event.connection = connection.toString();
            event.stream = stream;
            event.code = code(errorCode);
            event.byPeer = byPeer;
            event.commit();
        }
    }

    void goAway(Channel connection, int lastStream, long errorCode, boolean byPeer) {
        GoAway event = new GoAway();
        if (event.isEnabled()) {
            event.connection = connection.toString();
            event.lastStream = lastStream;
            event.code = code(errorCode);
            event.byPeer = byPeer;
            event.commit();
        }
    }

    private static String code(long code) {
        Http2Error known = Http2Error.valueOf(code);
        return known == null ? String.format(Locale.ROOT, "0x%x", code) : known.name();
    }
}

package io.inpod.hbone;

import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a server can do to a client.
 *
 * @param name in words
 * @param options of the client
 * @param script the server's part
 * @param tunnel a regular expression for what the tunnel reports
 */
record Attack(String name, UnaryOperator<HboneOptions> options, Script script, String tunnel) {
    static final Duration SHORT = Duration.ofMillis(400);
    static final Duration LONG = Duration.ofMinutes(5);

    /** The script for an accepted connection. */
    @FunctionalInterface
    interface Script {
        void play(Mesh mesh, Socket tcp) throws Exception;
    }

    /** The script for a connection that speaks HTTP/2. */
    @FunctionalInterface
    interface Frames {
        void play(RawPeer peer, Socket tcp) throws Exception;
    }

    /** The certificate, made where the CA is known. */
    @FunctionalInterface
    interface Certificate {
        @Nullable WorkloadCertificate of(Mesh mesh) throws Exception;
    }

    /** Instead of TLS. */
    static Attack tcp(String name, EvilServer.Script script, String tunnel) {
        return new Attack(name, o -> o, (mesh, tcp) -> script.play(tcp), tunnel);
    }

    /** In the handshake. */
    static Attack tls(String name, Certificate certificate, String protocol, String alpn, String tunnel) {
        return new Attack(name, o -> o, (mesh, tcp) -> {
            RawPeer peer = RawPeer.accept(tcp, certificate.of(mesh), true, protocol, alpn.isEmpty() ? new String[0] : new String[] {alpn});
            peer.readPreface();
        }, tunnel);
    }

    /** After the handshake, instead of SETTINGS. */
    static Attack secured(String name, Frames frames, String tunnel) {
        return new Attack(name, o -> o, (mesh, tcp) -> frames.play(RawPeer.accept(tcp, mesh.ca.certificate(Mesh.SERVER), true, "TLSv1.3", "h2"), tcp), tunnel);
    }

    /** When the CONNECT request has come, on stream 1. */
    static Attack asked(String name, Frames frames, String tunnel) {
        return secured(name, (peer, tcp) -> {
            request(peer);
            frames.play(peer, tcp);
        }, tunnel);
    }

    /** On a tunnel that stands, on stream 1. */
    static Attack stands(String name, Frames frames, String tunnel) {
        return asked(name, (peer, tcp) -> {
            peer.headers(1, false, ":status", "200");
            frames.play(peer, tcp);
        }, tunnel);
    }

    static void request(RawPeer peer) throws IOException {
        peer.readPreface();
        peer.send(4, 0, 0);
        if (peer.next().type() != 1) {
            throw new AssertionError("no request");
        }
    }

    Attack with(UnaryOperator<HboneOptions> other) {
        return new Attack(name, other, script, tunnel);
    }

    Attack withTimes(UnaryOperator<HboneTimes> change) {
        return with(o -> o.with(change.apply(o.times())));
    }

    /** The same frame {@code count} times, in large pieces. */
    static void storm(RawPeer peer, int count, byte[] frame) throws IOException {
        ByteArrayOutputStream piece = new ByteArrayOutputStream();
        for (int i = 1; i <= count; i++) {
            piece.writeBytes(frame);
            if (i == count || piece.size() > 50_000) {
                peer.raw(piece.toByteArray());
                piece.reset();
            }
        }
    }

    static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    @Override
    public String toString() {
        return name;
    }
}

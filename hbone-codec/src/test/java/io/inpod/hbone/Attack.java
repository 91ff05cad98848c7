package io.inpod.hbone;

import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An attack by a server on a client.
 *
 * @param name a description
 * @param options the client's options
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

    /** Returns the server's certificate, issued by the CA of the mesh. */
    @FunctionalInterface
    interface Certificate {
        @Nullable WorkloadCertificate of(Mesh mesh) throws Exception;
    }

    /** Returns an attack that takes place instead of TLS. */
    static Attack tcp(String name, EvilServer.Script script, String tunnel) {
        return new Attack(name, o -> o, (mesh, tcp) -> script.play(tcp), tunnel);
    }

    /** Returns an attack in the handshake. */
    static Attack tls(String name, Certificate certificate, String protocol, String alpn, String tunnel) {
        return new Attack(name, o -> o, (mesh, tcp) -> {
            RawPeer peer = RawPeer.accept(tcp, certificate.of(mesh), true, protocol, alpn.isEmpty() ? new String[0] : new String[] {alpn});
            peer.readPreface();
        }, tunnel);
    }

    /** Returns an attack after the handshake, instead of SETTINGS. */
    static Attack secured(String name, Frames frames, String tunnel) {
        return new Attack(name, o -> o, (mesh, tcp) -> frames.play(RawPeer.accept(tcp, mesh.ca.certificate(Mesh.SERVER), true, "TLSv1.3", "h2"), tcp), tunnel);
    }

    /** Returns an attack that answers the CONNECT request, on stream 1. */
    static Attack asked(String name, Frames frames, String tunnel) {
        return secured(name, (peer, tcp) -> {
            request(peer);
            frames.play(peer, tcp);
        }, tunnel);
    }

    /** Returns an attack on an established tunnel, on stream 1. */
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

    /** Sends the same frame {@code count} times, in large chunks. */
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

package io.inpod.hbone;

import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** A client that speaks HTTP/2 frame by frame over the JDK's TLS, to send what no correct client would send. */
final class RawPeer implements AutoCloseable {
    private final SSLSocket socket;
    private final DataInputStream in;
    private final OutputStream out;

    record Frame(int type, int flags, int stream, byte[] payload) {
        int code() {
            return ByteBuffer.wrap(payload).getInt(type == 7 ? 4 : 0);
        }
    }

    private RawPeer(SSLSocket socket) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(socket.getInputStream());
        this.out = socket.getOutputStream();
    }

    static SSLContext context(@Nullable WorkloadCertificate certificate) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        if (certificate != null) {
            store.setKeyEntry("k", certificate.privateKey(), new char[0], certificate.chain().toArray(new X509Certificate[0]));
        }
        keys.init(store, new char[0]);
        context.init(keys.getKeyManagers(), new TrustManager[] {new Anyone()}, null);
        return context;
    }

    static SSLSocket connect(InetSocketAddress address, @Nullable WorkloadCertificate certificate, String... alpn) throws Exception {
        return connect(address, certificate, 0, alpn);
    }

    private static SSLSocket connect(InetSocketAddress address, @Nullable WorkloadCertificate certificate, int receiveBuffer, String... alpn)
            throws Exception {
        SSLSocket socket = (SSLSocket) context(certificate).getSocketFactory().createSocket();
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.connect(address, 10_000);
        prepare(socket, alpn);
        return socket;
    }

    private static void prepare(SSLSocket socket, String... alpn) throws IOException {
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(alpn);
        socket.setSSLParameters(parameters);
    }

    /** Accepts a TCP connection on the server's side, including the TLS handshake. */
    static RawPeer accept(Socket accepted, @Nullable WorkloadCertificate certificate, boolean askForCertificate, String protocol, String... alpn) throws Exception {
        SSLSocket socket = (SSLSocket) context(certificate).getSocketFactory().createSocket(accepted, null, true);
        socket.setUseClientMode(false);
        socket.setNeedClientAuth(askForCertificate);
        socket.setEnabledProtocols(new String[] {protocol});
        prepare(socket, alpn);
        socket.startHandshake();
        return new RawPeer(socket);
    }

    /** Sends a KeyUpdate of TLS 1.3 (RFC 8446 section 4.6.3): new keys for our direction, and a request for new keys in the other. */
    void keyUpdate() throws IOException {
        socket.startHandshake();
    }

    void readPreface() throws IOException {
        in.readNBytes(24);
    }

    /** Attempts a handshake, and reads until the server closes the connection. */
    static void handshake(InetSocketAddress address, @Nullable WorkloadCertificate certificate, String... alpn) throws Exception {
        try (SSLSocket socket = connect(address, certificate, alpn)) {
            socket.startHandshake();
            while (socket.getInputStream().read() >= 0) {
                // SETTINGS may arrive before the server's decision.
            }
        } catch (IOException e) {
            // The server refused; the caller checks its reason.
        }
    }

    /** Connects and exchanges SETTINGS. */
    static RawPeer http2(Mesh mesh, InetSocketAddress address) throws Exception {
        RawPeer peer = tls(mesh, address);
        peer.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        peer.send(4, 0, 0);
        return peer;
    }

    /** Connects, including the TLS handshake. */
    static RawPeer tls(Mesh mesh, InetSocketAddress address) throws Exception {
        SSLSocket socket = connect(address, mesh.ca.certificate(Mesh.CLIENT), "h2");
        socket.startHandshake();
        return new RawPeer(socket);
    }

    void raw(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    /** Connects with a tiny receive buffer, so that there is hardly any room for answers. */
    static RawPeer deaf(Mesh mesh, InetSocketAddress address) throws Exception {
        SSLSocket socket = connect(address, mesh.ca.certificate(Mesh.CLIENT), 4096, "h2");
        socket.startHandshake();
        RawPeer peer = new RawPeer(socket);
        peer.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        peer.send(4, 0, 0);
        return peer;
    }

    void write(ByteBuffer frames) throws IOException {
        out.write(frames.array(), 0, frames.position());
        out.flush();
    }

    void send(int type, int flags, int stream, byte... payload) throws IOException {
        raw(frame(type, flags, stream, payload));
    }

    static byte[] frame(int type, int flags, int stream, byte... payload) {
        ByteBuffer frame = ByteBuffer.allocate(9 + payload.length);
        frame.put((byte) (payload.length >> 16)).putShort((short) payload.length).put((byte) type).put((byte) flags).putInt(stream).put(payload);
        return frame.array();
    }

    /** Sends HEADERS with literal fields without indexing; names and values alternate. */
    void headers(int stream, boolean end, String... fields) throws IOException {
        send(1, end ? 5 : 4, stream, block(fields));
    }

    static byte[] block(String... fields) {
        ByteBuffer block = ByteBuffer.allocate(200_000);
        for (int i = 0; i < fields.length; i += 2) {
            block.put((byte) 0);
            literal(block, fields[i]);
            literal(block, fields[i + 1]);
        }
        byte[] bytes = new byte[block.flip().remaining()];
        block.get(bytes);
        return bytes;
    }

    private static void literal(ByteBuffer block, String text) {
        if (text.length() >= 127) {
            block.put((byte) 127);
            int rest = text.length() - 127;
            for (; rest >= 128; rest >>= 7) {
                block.put((byte) (rest & 127 | 128));
            }
            block.put((byte) rest);
        } else {
            block.put((byte) text.length());
        }
        block.put(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    Frame read() throws IOException {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        return new Frame(type, flags, stream, in.readNBytes(length));
    }

    /** Returns the same, but answers PINGs meanwhile. */
    Frame nextAnswering() throws IOException {
        while (true) {
            Frame frame = read();
            if (frame.type() == 6 && frame.flags() == 0) {
                send(6, 1, 0, frame.payload());
            } else if (frame.type() != 4 && frame.type() != 8 && frame.type() != 6) {
                return frame;
            }
        }
    }

    /** Returns the next frame that isn't SETTINGS, WINDOW_UPDATE or PING. */
    Frame next() throws IOException {
        while (true) {
            Frame frame = read();
            if (frame.type() != 4 && frame.type() != 8 && frame.type() != 6) {
                return frame;
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    static final class Anyone implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) { }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) { }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}

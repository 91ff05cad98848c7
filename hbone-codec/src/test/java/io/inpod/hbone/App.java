package io.inpod.hbone;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** An application with plain sockets, used behind a third-party proxy. */
final class App implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    App() throws IOException {
        listener.setSoTimeout(20_000);
    }

    Authority authority() {
        return Authority.of((InetSocketAddress) listener.getLocalSocketAddress());
    }

    Socket accept() throws IOException {
        Socket socket = listener.accept();
        socket.setSoTimeout(20_000);
        return socket;
    }

    static Socket connect(InetSocketAddress address) throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads exactly as many bytes as the text has. */
    static String read(Socket socket, int bytes) throws IOException {
        return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.US_ASCII);
    }

    /** Returns the next event: "EOF" or "reset". */
    static String end(Socket socket) throws IOException {
        try {
            int b = socket.getInputStream().read();
            return b < 0 ? "EOF" : "byte " + b;
        } catch (java.net.SocketException e) {
            return "reset";
        }
    }

    static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}

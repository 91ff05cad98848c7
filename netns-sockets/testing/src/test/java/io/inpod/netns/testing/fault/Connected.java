package io.inpod.netns.testing.fault;

import io.inpod.netns.socket.JdkSockets;
import io.inpod.netns.testing.Pod;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** A TCP connection from one pod to another's {@link #PORT}; both ends wait ten seconds at most. */
final class Connected implements AutoCloseable {
    static final int PORT = 8080;

    private final Pod from;
    private final InetSocketAddress address;
    private final ServerSocket listener;
    private final Socket client;
    private final Socket server;

    private Connected(Pod from, Pod to, InetAddress address) throws IOException {
        this.from = from;
        this.address = new InetSocketAddress(address, PORT);
        listener = JdkSockets.server(to.namespace()).createServerSocket(PORT);
        client = connect();
        server = listener.accept();
        server.setSoTimeout((int) Datagrams.LIMIT.toMillis());
    }

    static Connected between(Pod from, Pod to) throws IOException {
        return new Connected(from, to, to.address());
    }

    static Connected between(Pod from, Pod to, InetAddress address) throws IOException {
        return new Connected(from, to, address);
    }

    /** Another connection to the same server. */
    Socket connect() throws IOException {
        Socket socket = JdkSockets.client(from.namespace()).createSocket();
        try {
            socket.setTcpNoDelay(true);
            socket.connect(address, (int) Datagrams.LIMIT.toMillis());
            socket.setSoTimeout((int) Datagrams.LIMIT.toMillis());
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    Socket client() {
        return client;
    }

    Socket server() {
        return server;
    }

    /** Sends a byte to the server, which answers it. */
    void exchange() throws IOException {
        client.getOutputStream().write(7);
        if (server.getInputStream().read() != 7) {
            throw new IOException("another byte arrived than the one that was sent");
        }
        server.getOutputStream().write(8);
        if (client.getInputStream().read() != 8) {
            throw new IOException("another byte arrived than the one that was sent");
        }
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
        listener.close();
    }
}

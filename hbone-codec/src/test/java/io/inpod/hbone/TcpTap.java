package io.inpod.hbone;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Forwards between a client and a server, records the bytes, and can silence a connection as a broken network does, without closing it. */
final class TcpTap implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final InetSocketAddress target;
    final List<Connection> connections = new CopyOnWriteArrayList<>();

    TcpTap(InetSocketAddress target) throws IOException {
        this.target = target;
        start("tap", this::accept);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    private static void start(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Connection connection = new Connection(client, new Socket(target.getAddress(), target.getPort()));
                connections.add(connection);
                start("tap-out", () -> connection.pump(client, connection.server, connection.fromClient));
                start("tap-in", () -> connection.pump(connection.server, client, connection.fromServer));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    /** Both sockets of a connection, and the bytes that have passed. */
    static final class Connection {
        private final Socket client;
        private final Socket server;
        private final ByteArrayOutputStream fromClient = new ByteArrayOutputStream();
        private final ByteArrayOutputStream fromServer = new ByteArrayOutputStream();
        private boolean frozen;

        Connection(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        synchronized void freeze() {
            frozen = true;
        }

        synchronized void thaw() {
            frozen = false;
            notifyAll();
        }

        synchronized byte[] fromClient() {
            return fromClient.toByteArray();
        }

        synchronized byte[] fromServer() {
            return fromServer.toByteArray();
        }

        private synchronized void note(ByteArrayOutputStream log, byte[] bytes, int n) throws InterruptedException {
            while (frozen) {
                wait();
            }
            if (log.size() < 65_536) {
                log.write(bytes, 0, n);
            }
        }

        private void pump(Socket from, Socket to, ByteArrayOutputStream log) {
            byte[] buffer = new byte[16_384];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    note(log, buffer, n);
                    out.write(buffer, 0, n);
                }
                to.shutdownOutput();
            } catch (IOException e) {
                close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void close() {
            try (client; server) {
                thaw();
            } catch (IOException e) {
                // It was closed.
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        connections.forEach(Connection::close);
    }
}

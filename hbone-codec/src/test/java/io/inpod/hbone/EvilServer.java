package io.inpod.hbone;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A server that runs a script on each connection, and then reads until the client closes it. */
final class EvilServer implements AutoCloseable {
    /** The script for an accepted TCP connection. */
    @FunctionalInterface
    interface Script {
        void play(Socket tcp) throws Exception;
    }

    private final ServerSocket listener = new ServerSocket();
    private final Script script;
    private final List<Thread> connections = new CopyOnWriteArrayList<>();
    private final Thread acceptor = new Thread(this::accept, "evil-acceptor");
    private volatile @Nullable Throwable broken;

    EvilServer(Script script) throws IOException {
        this(script, 64 << 10);
    }

    EvilServer(Script script, int receiveBuffer) throws IOException {
        this.script = script;
        listener.setReceiveBufferSize(receiveBuffer);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        acceptor.start();
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    int accepted() {
        return connections.size();
    }

    /** Returns the number of connections that the client hasn't closed. */
    long open() {
        return connections.stream().filter(Thread::isAlive).count();
    }

    private void accept() {
        while (true) {
            Socket tcp;
            try {
                tcp = listener.accept();
            } catch (IOException e) {
                return;
            }
            Thread thread = new Thread(() -> serve(tcp), "evil-connection");
            connections.add(thread);
            thread.start();
        }
    }

    private void serve(Socket tcp) {
        try (tcp) {
            tcp.setSoTimeout((int) TimeUnit.SECONDS.toMillis(2 * Mesh.PATIENCE));
            script.play(tcp);
            byte[] buffer = new byte[8192];
            while (tcp.getInputStream().read(buffer) >= 0) {
                // The content doesn't matter.
            }
        } catch (IOException e) {
            // One side has aborted the connection.
        } catch (Exception | AssertionError e) {
            broken = e;
        }
    }

    /** Waits until the client has closed every connection. */
    @Override
    public void close() throws IOException {
        listener.close();
        join(acceptor);
        connections.forEach(EvilServer::join);
        if (broken != null) {
            throw new AssertionError("the script failed", broken);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join(TimeUnit.SECONDS.toMillis(Mesh.PATIENCE));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            throw new AssertionError("the client hasn't closed a connection");
        }
    }
}

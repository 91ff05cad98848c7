package io.inpod.iptables.backend;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Connects repeatedly to a port that must be redirected, and expects to reach the proxy each time. */
final class RedirectedStream implements AutoCloseable {
    static final int APP = 8080;
    static final int PROXY = 15001;

    /** The pause between connections leaves CPU time for the swaps. */
    private static final long PAUSE_NANOS = 1_000_000;

    private final ExecutorService threads = Executors.newFixedThreadPool(3);
    private final NetworkNamespace namespace;
    private final ServerSocketChannel app;
    private final ServerSocketChannel proxy;
    private final Future<Integer> connections;
    private volatile boolean stopped;

    private RedirectedStream(NetworkNamespace namespace) throws IOException {
        this.namespace = namespace;
        app = listen(APP);
        proxy = listen(PROXY);
        threads.submit(() -> greet(app, (byte) 'a'));
        threads.submit(() -> greet(proxy, (byte) 'p'));
        connections = threads.submit(this::connect);
    }

    static RedirectedStream start(NetworkNamespace namespace) throws IOException {
        return new RedirectedStream(namespace);
    }

    /** Returns the number of connections; fails if one escaped or was refused. */
    int stop() throws Exception {
        stopped = true;
        try {
            return connections.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("a connection failed or escaped: " + e.getCause(), e.getCause());
        }
    }

    private ServerSocketChannel listen(int port) throws IOException {
        ServerSocketChannel channel = namespace.call(ServerSocketChannel::open);
        return channel.bind(new InetSocketAddress("127.0.0.1", port), 1024);
    }

    private static Void greet(ServerSocketChannel listener, byte who) throws IOException {
        try {
            while (true) {
                try (SocketChannel client = listener.accept()) {
                    client.write(ByteBuffer.wrap(new byte[] {who}));
                } catch (ClosedChannelException e) {
                    throw e;
                } catch (IOException e) {
                    // the client has disconnected
                }
            }
        } catch (ClosedChannelException e) {
            return null;
        }
    }

    private int connect() throws IOException {
        int count = 0;
        while (!stopped) {
            try (SocketChannel client = namespace.call(SocketChannel::open)) {
                client.setOption(StandardSocketOptions.SO_LINGER, 0); // don't leave the port in TIME_WAIT
                client.connect(new InetSocketAddress("127.0.0.1", APP));
                ByteBuffer who = ByteBuffer.allocate(1);
                client.read(who);
                if (who.get(0) != 'p') {
                    throw new IOException("connection " + count + " met " + (char) who.get(0));
                }
                count++;
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        return count;
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        app.close();
        proxy.close();
        threads.shutdownNow();
    }
}

package io.inpod.tproxy;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Forwards one connection, and delays each piece of at most 64 KiB by ten milliseconds. */
final class SlowForwarder implements AutoCloseable {
    private final ServerSocketChannel listener;
    private final AtomicInteger pieces = new AtomicInteger();

    SlowForwarder(NetworkNamespace in, InetSocketAddress to) throws IOException {
        listener = FaultScene.serve(in);
        start(() -> {
            try (SocketChannel client = FaultScene.accept(listener); SocketChannel server = in.call(() -> SocketChannel.open())) {
                server.connect(to);
                Thread back = start(() -> forward(server, client));
                forward(client, server);
                back.join();
            } catch (IOException | InterruptedException e) {
                // the test sees the end of its connection
            }
        });
    }

    private static Thread start(Runnable task) {
        Thread thread = new Thread(task, "slow forwarder");
        thread.start();
        return thread;
    }

    private void forward(SocketChannel from, SocketChannel to) {
        try {
            InputStream in = from.socket().getInputStream();
            OutputStream out = to.socket().getOutputStream();
            byte[] piece = new byte[65536];
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                TimeUnit.MILLISECONDS.sleep(10);
                out.write(piece, 0, n);
                pieces.incrementAndGet();
            }
            to.shutdownOutput();
        } catch (IOException | InterruptedException e) {
            // likewise
        }
    }

    int pieces() {
        return pieces.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}

package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.SocketChannel;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/** Sends data from a socket, and then ends its output. */
final class Transfer {
    private final CompletableFuture<Long> sent;
    private final int total;

    Transfer(SocketChannel from, int total) {
        this.total = total;
        sent = CompletableFuture.supplyAsync(() -> {
            try {
                return send(from, total);
            } catch (IOException e) {
                throw new CompletionException(e);
            }
        }, task -> new Thread(task, "sender").start());
    }

    private static long send(SocketChannel from, int total) throws IOException {
        CRC32 sum = new CRC32();
        Random random = new Random(total);
        byte[] chunk = new byte[8192];
        OutputStream out = from.socket().getOutputStream();
        for (int left = total; left > 0; left -= chunk.length) {
            random.nextBytes(chunk);
            sum.update(chunk, 0, Math.min(left, chunk.length));
            out.write(chunk, 0, Math.min(left, chunk.length));
        }
        from.shutdownOutput();
        return sum.getValue();
    }

    boolean isDone() {
        return sent.isDone();
    }

    /** Reads to the end. */
    void assertReceivedBy(SocketChannel to) throws Exception {
        CRC32 sum = new CRC32();
        long bytes = 0;
        byte[] chunk = new byte[65536];
        InputStream in = to.socket().getInputStream();
        for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
            sum.update(chunk, 0, n);
            bytes += n;
        }
        assertThat(bytes).isEqualTo(total);
        assertThat(sum.getValue()).isEqualTo(sent.get(FaultScene.LIMIT_SECONDS, TimeUnit.SECONDS));
    }
}

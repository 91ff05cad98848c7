package io.inpod.tproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One random schedule. Each byte depends on its direction and position, so that lost, duplicated or reordered bytes are detected. */
final class RelayModel {
    private static final int MAX_CHUNK = 100_000;

    private final RelayPath path;
    private final Random random;
    private final long seed;
    private final List<String> story = new ArrayList<>();
    private End client;
    private End server;
    private RelayPath.Connection connection;

    RelayModel(RelayPath path, long seed) {
        this.path = path;
        this.seed = seed;
        this.random = new Random(seed);
    }

    void run() throws Exception {
        int high = 1 << (10 + random.nextInt(8));
        RelayOptions options = new RelayOptions(1 << (10 + random.nextInt(8)), high, 1 + random.nextInt(high), Duration.ZERO, Duration.ZERO);
        connection = path.connect(options, 1 << (14 + random.nextInt(5)));
        try (SocketChannel one = connection.client(); SocketChannel other = connection.server()) {
            client = new End(one, 1, RelaySide.DOWNSTREAM);
            server = new End(other, 2, RelaySide.UPSTREAM);
            client.peer = server;
            server.peer = client;
            boolean goesOn = true;
            for (int steps = 5 + random.nextInt(40); steps > 0 && goesOn; steps--) {
                goesOn = step(random.nextBoolean() ? client : server);
            }
            if (goesOn) {
                endRegularly();
            }
        } catch (IOException | TimeoutException | AssertionError e) {
            throw new AssertionError(e + " after " + story + " with " + options, e);
        } finally {
            connection.relay().abort();
            connection.result().get(RelayPath.LIMIT_SECONDS, TimeUnit.SECONDS);
        }
    }

    private boolean step(End end) throws Exception {
        int what = random.nextInt(200);
        if (what < 90) {
            end.write(1 + random.nextInt(MAX_CHUNK));
        } else if (what < 180) {
            end.read(1 + random.nextInt(MAX_CHUNK));
        } else if (what < 194) {
            end.end();
        } else if (what < 198) {
            reset(end);
            return false;
        } else if (what < 199) {
            abort();
            return false;
        }
        return true;
    }

    /** Ends the output on both sides, and reads to the end of input on both. */
    private void endRegularly() throws Exception {
        client.end();
        server.end();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(RelayPath.LIMIT_SECONDS);
        while (!(client.sawEnd && server.sawEnd)) {
            client.read(MAX_CHUNK);
            server.read(MAX_CHUNK);
            assertThat(System.nanoTime()).as("client %s, server %s", client, server).isLessThan(deadline);
        }
        RelayResult result = connection.result().get(RelayPath.LIMIT_SECONDS, TimeUnit.SECONDS);
        assertThat(result.error()).isNull();
        assertThat(result.bytesUpstream()).isEqualTo(client.written).isEqualTo(server.read);
        assertThat(result.bytesDownstream()).isEqualTo(server.written).isEqualTo(client.read);
    }

    /** If a side is reset before it has ended its output, the other side must notice; it may have lost bytes, but must never see an end. */
    private void reset(End end) throws Exception {
        story.add(end.side + " resets");
        boolean wasComplete = end.ended;
        end.socket.setOption(StandardSocketOptions.SO_LINGER, 0);
        end.socket.close();
        if (!wasComplete) {
            end.peer.readToReset();
            RelayResult result = connection.result().get(RelayPath.LIMIT_SECONDS, TimeUnit.SECONDS);
            assertThat(result.error()).isNotNull();
            assertThat(result.failedSide()).isEqualTo(end.side);
        }
    }

    private void abort() throws Exception {
        story.add("abort");
        connection.relay().abort();
        RelayResult result = connection.result().get(RelayPath.LIMIT_SECONDS, TimeUnit.SECONDS);
        boolean complete = client.ended && server.ended && result.error() == null;
        if (!complete) {
            assertThat(result.error()).isInstanceOf(CancellationException.class);
            assertThat(result.failedSide()).isNull();
        }
    }

    private final class End {
        final SocketChannel socket;
        final RelaySide side;
        private final int direction;
        private final ByteBuffer buffer = ByteBuffer.allocate(MAX_CHUNK);
        End peer;
        long written;
        long read;
        boolean ended;
        boolean sawEnd;

        End(SocketChannel socket, int direction, RelaySide side) throws IOException {
            this.socket = socket;
            this.direction = direction;
            this.side = side;
            socket.configureBlocking(false);
        }

        void write(int length) throws IOException {
            if (ended) {
                return;
            }
            buffer.clear();
            for (int i = 0; i < length; i++) {
                buffer.put(byteAt(direction, written + i));
            }
            int n = socket.write(buffer.flip());
            written += n;
            story.add(side + " writes " + n);
        }

        /** Reads as much as is available, up to a limit. */
        void read(int limit) throws IOException {
            if (sawEnd) {
                return;
            }
            buffer.clear().limit(limit);
            int n = socket.read(buffer);
            if (n < 0) {
                sawEnd = true;
                assertThat(peer.ended).as("%s sees an end that nobody has sent", side).isTrue();
                assertThat(read).as("bytes until the end").isEqualTo(peer.written);
            } else {
                check(n);
                if (n > 0) {
                    story.add(side + " reads " + n);
                }
            }
        }

        private void check(int n) {
            buffer.flip();
            for (int i = 0; i < n; i++) {
                if (buffer.get(i) != byteAt(peer.direction, read + i)) {
                    throw new AssertionError(side + " reads a wrong byte at " + (read + i));
                }
            }
            read += n;
            assertThat(read).isLessThanOrEqualTo(peer.written);
        }

        void end() throws IOException {
            if (!ended) {
                ended = true;
                socket.shutdownOutput();
                story.add(side + " ends");
            }
        }

        void readToReset() throws IOException {
            socket.configureBlocking(true);
            socket.socket().setSoTimeout((int) TimeUnit.SECONDS.toMillis(RelayPath.LIMIT_SECONDS));
            try {
                while (true) {
                    read(MAX_CHUNK);
                    if (sawEnd) {
                        throw new AssertionError(side + " sees an end instead of a reset");
                    }
                }
            } catch (IOException reset) {
                assertThat(reset).hasMessageContaining("reset");
            }
        }

        @Override
        public String toString() {
            return "wrote " + written + ", read " + read + (sawEnd ? " to the end" : "");
        }
    }

    private static byte byteAt(int direction, long place) {
        long mixed = (place + direction) * 0x9E3779B97F4A7C15L;
        return (byte) (mixed >>> 56 ^ mixed >>> 32);
    }

    @Override
    public String toString() {
        return "schedule " + seed;
    }
}

package io.inpod.examples.cniplugin;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.unix.PrivateServer;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import io.inpod.netns.unix.UntrustedPeerException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** Listens as the agent does, notes what the plugin says, and answers what the test tells it to. */
final class FakeAgent implements PrivateServer.Handler, AutoCloseable {
    /** Closes the connection instead of answering. */
    static final String HANG_UP = "hang up";

    /** What the plugin has sent: environment and configuration, and its descriptor's namespace. */
    record Question(String environment, String configuration, @Nullable String netns) {}

    final BlockingQueue<Question> questions = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final PrivateServer server;

    FakeAgent(Path socket, String... answers) throws IOException {
        this.answers.addAll(java.util.List.of(answers));
        server = PrivateServer.listen(socket);
        threads.execute(() -> server.run(threads, this));
    }

    @Override
    public void serve(SeqpacketSocket connection) {
        try (connection) {
            questions.add(receive(connection));
            String answer = answers.take();
            if (!answer.equals(HANG_UP)) {
                connection.send(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
            }
        } catch (IOException e) {
            questions.add(new Question(e.toString(), "", null));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Question receive(SeqpacketSocket connection) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        String netns = null;
        for (;;) {
            try (UnixMessage message = connection.receive(1 << 16, 1, Duration.ofSeconds(20))) {
                if (message == null) {
                    break;
                }
                byte[] bytes = new byte[message.data().remaining()];
                message.data().get(bytes);
                all.writeBytes(bytes);
                if (message.descriptors() > 0) {
                    try (NetworkNamespace sent = NetworkNamespace.adopt(message.take())) {
                        netns = sent.identity().toString();
                    }
                }
            }
        }
        String text = all.toString(StandardCharsets.UTF_8);
        int end = text.indexOf("\0\0");
        return new Question(text.substring(0, end + 1), text.substring(end + 2), netns);
    }

    @Override
    public void refused(UntrustedPeerException reason) {
        questions.add(new Question(reason.toString(), "", null));
    }

    @Override
    public void failed(Exception cause) {
        questions.add(new Question(cause.toString(), "", null));
    }

    @Override
    public void close() {
        server.close();
        threads.shutdownNow();
    }
}

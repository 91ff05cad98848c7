package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;

/** A node agent written in another language, {@code agent.py}. */
final class ForeignAgent implements AutoCloseable {
    private final Process process;
    private final BufferedWriter commands;
    private final BufferedReader replies;
    private final Path socket;

    /** Listens. */
    ForeignAgent(Path socket) throws IOException {
        Tool.require("/usr/bin/python3");
        this.socket = socket;
        process = new ProcessBuilder("/usr/bin/python3", Path.of("src/test/python/agent.py").toAbsolutePath().toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        commands = process.outputWriter(StandardCharsets.UTF_8);
        replies = process.inputReader(StandardCharsets.UTF_8);
        listen();
    }

    void listen() throws IOException {
        assertThat(ask("listen " + socket)).isEqualTo("ok");
    }

    /** Waits for the proxy. */
    ForeignAgent accept() throws IOException {
        assertThat(ask("accept")).isEqualTo("0801");
        return this;
    }

    String ask(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
        return Objects.requireNonNull(replies.readLine(), "the agent has ended");
    }

    /** Sends a message and waits for its answer. */
    String request(String command) throws IOException {
        assertThat(ask(command)).as(command).isEqualTo("ok");
        return ask("recv");
    }

    /** Sends a message that must be acknowledged. */
    ForeignAgent acked(String command) throws IOException {
        assertThat(request(command)).as(command).isEqualTo("ack");
        return this;
    }

    /** Sends an Add for a pod whose name and account are derived from its uid. */
    String add(String uid, NetworkNamespace namespace) throws IOException {
        return request("add " + uid + " name-" + uid + " default sa-" + uid + " " + Tool.pathOf(namespace));
    }

    @Override
    public void close() throws IOException {
        commands.close();
        process.destroyForcibly();
        replies.close();
    }
}

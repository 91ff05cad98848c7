package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A node agent written in another language, {@code agent.py}. */
final class ForeignAgent implements AutoCloseable {
    private final ChildProcess process;
    private final Path socket;

    /** Listens. */
    ForeignAgent(Path socket) throws IOException {
        Tool.require("/usr/bin/python3");
        this.socket = socket;
        process = ChildProcess.start(List.of("/usr/bin/python3", Path.of("src/test/python/agent.py").toAbsolutePath().toString()));
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
        process.say(command);
        return process.line("the answer to " + command);
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
        process.close();
    }
}

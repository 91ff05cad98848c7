package io.inpod.examples.zds;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.Tool;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The other end of a socket, in a program written in another language, {@code peer.py}. */
public final class ForeignPeer implements AutoCloseable {
    private final Process process;
    private final BufferedWriter commands;
    private final BufferedReader replies;
    private final Path script;

    /** Starts the program. */
    public ForeignPeer() throws IOException {
        Tool.require("/usr/bin/python3");
        script = Files.createTempFile("peer", ".py");
        try (InputStream source = Objects.requireNonNull(ForeignPeer.class.getResourceAsStream("/peer.py"))) {
            Files.write(script, source.readAllBytes());
        }
        process = new ProcessBuilder("/usr/bin/python3", script.toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        commands = process.outputWriter(StandardCharsets.UTF_8);
        replies = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Returns its process. */
    public long pid() {
        return process.pid();
    }

    /** Sends a command without waiting for its result. */
    public void begin(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
    }

    /** Returns the answer to a command that was started. */
    public String end() throws IOException {
        return Objects.requireNonNull(replies.readLine(), "the peer has ended");
    }

    /** Sends a command and waits for the answer. */
    public String ask(String command) throws IOException {
        begin(command);
        return end();
    }

    /** Sends a command that must succeed. */
    public void run(String command) throws IOException {
        assertThat(ask(command)).as(command).isEqualTo("ok");
    }

    @Override
    public void close() throws IOException {
        commands.close();
        process.destroyForcibly();
        replies.close();
        Files.delete(script);
    }
}

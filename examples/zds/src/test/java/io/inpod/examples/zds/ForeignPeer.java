package io.inpod.examples.zds;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** The other end of a socket, in a program written in another language, {@code peer.py}. */
public final class ForeignPeer implements AutoCloseable {
    private final ChildProcess process;
    private String begun = "";

    /** Starts the program. */
    public ForeignPeer() throws IOException {
        Tool.require("/usr/bin/python3");
        try (InputStream source = Objects.requireNonNull(ForeignPeer.class.getResourceAsStream("/peer.py"))) {
            process = ChildProcess.start(List.of("/usr/bin/python3", "-c", new String(source.readAllBytes(), StandardCharsets.UTF_8)));
        }
    }

    /** Returns its process. */
    public long pid() {
        return process.handle().pid();
    }

    /** Sends a command without waiting for its result. */
    public void begin(String command) throws IOException {
        begun = command;
        process.say(command);
    }

    /** Returns the answer to a command that was started. */
    public String end() throws IOException {
        return process.line("the answer to " + begun);
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
        process.close();
    }
}

package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.ControlJson;
import io.inpod.examples.nodeagent.control.ControlReply;
import io.inpod.examples.nodeagent.control.ControlRequest;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.netns.unix.PrivateSocket;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command to a running agent: sends a request and prints the answer. */
abstract class ClientCommand implements Callable<Integer> {
    /** Longer than an add can take: it waits for a proxy, for tools and for the proxy's answer, and earlier commands may delay it. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @Mixin
    private ControlPath control = new ControlPath();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    abstract ControlRequest request();

    /** Returns the text to print on success. */
    abstract String describe(ControlReply reply);

    /** Returns the exit code on success. */
    int exitCode(ControlReply reply) {
        return 0;
    }

    @Override
    public Integer call() throws IOException {
        Path path = control.get();
        ControlReply reply = ask(path, request());
        if (!reply.ok()) {
            spec.commandLine().getErr().println(reply.error());
            return 1;
        }
        spec.commandLine().getOut().println(describe(reply));
        return exitCode(reply);
    }

    private static ControlReply ask(Path path, ControlRequest request) throws IOException {
        ControlJson json = new ControlJson();
        if (!Files.exists(path)) {
            throw new AgentException("no agent listens on " + path + "; start one with `./inpod agent`, or name its socket with --control");
        }
        try (SeqpacketSocket socket = PrivateSocket.connect(path)) {
            socket.send(json.write(request));
            try (UnixMessage packet = socket.receive(ControlJson.MAX_REPLY_BYTES, 0, PATIENCE)) {
                if (packet == null) {
                    throw new AgentException("the agent at " + path + " closed the connection without an answer");
                }
                return json.read(packet, ControlReply.class);
            }
        }
    }
}

package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.AgentClient;
import io.inpod.examples.nodeagent.control.ControlPath;
import io.inpod.examples.nodeagent.control.ControlReply;
import io.inpod.examples.nodeagent.control.ControlRequest;
import java.io.IOException;
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
        ControlReply reply = new AgentClient(control.get(), PATIENCE).ask(request());
        if (!reply.ok()) {
            spec.commandLine().getErr().println(reply.error());
            return 1;
        }
        spec.commandLine().getOut().println(describe(reply));
        return exitCode(reply);
    }
}

package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.ControlReply;
import io.inpod.examples.nodeagent.control.ControlRequest;
import io.inpod.examples.rules.Version;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Removes a pod from the mesh. */
@Command(name = "delete", description = "Removes a pod from the mesh: the proxy stops serving it, then its redirection is removed.",
        mixinStandardHelpOptions = true, versionProvider = Version.class)
final class DeleteCommand extends ClientCommand {
    @Option(names = "--uid", required = true, description = "the pod's name for the agent and the proxy")
    private String uid = "";

    @ArgGroup(multiplicity = "0..1", heading = "Needed only for a pod that an earlier agent enrolled:%n")
    private @Nullable NamespaceOption where;

    @Override
    ControlRequest request() {
        return new ControlRequest("delete", uid, null, null, null, where == null ? null : where.path(), where == null ? null : where.pid(),
                null);
    }

    @Override
    String describe(ControlReply reply) {
        return "pod " + uid + " deleted";
    }
}

package io.inpod.examples.nodeagent;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Enrols a pod. */
@Command(name = "add", description = "Enrols a pod: installs redirection and hands it to the proxy.", mixinStandardHelpOptions = true, versionProvider = Version.class)
final class AddCommand extends ClientCommand {
    @Option(names = "--uid", required = true, description = "the pod's name for the agent and the proxy")
    private String uid = "";

    @Option(names = "--name", required = true, description = "the pod's name")
    private String name = "";

    @Option(names = "--namespace", defaultValue = "default", description = "its orchestrator's namespace; default: ${DEFAULT-VALUE}")
    private String namespace = "";

    @Option(names = "--service-account", defaultValue = "default", description = "its service account; default: ${DEFAULT-VALUE}")
    private String serviceAccount = "";

    @ArgGroup(multiplicity = "1")
    private NamespaceOption where = new NamespaceOption();

    @Override
    ControlRequest request() {
        return new ControlRequest("add", uid, name, namespace, serviceAccount, where.path(), where.pid());
    }

    @Override
    String describe(ControlReply reply) {
        return "pod " + uid + " enrolled";
    }
}

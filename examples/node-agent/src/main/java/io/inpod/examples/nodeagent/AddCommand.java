package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.ControlReply;
import io.inpod.examples.nodeagent.control.ControlRequest;
import io.inpod.examples.rules.Version;
import io.inpod.iptables.pod.PodOverrides;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Enrols a pod. */
@Command(name = "add", description = "Enrols a pod: installs its redirection and hands it to the proxy.", mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class AddCommand extends ClientCommand {
    @Option(names = "--uid", required = true, description = "the pod's name for the agent and the proxy")
    private String uid = "";

    @Option(names = "--name", required = true, description = "the pod's name")
    private String name = "";

    @Option(names = "--namespace", defaultValue = "default",
            description = "the pod's namespace in the orchestrator; default: ${DEFAULT-VALUE}")
    private String namespace = "";

    @Option(names = "--service-account", defaultValue = "default", description = "the pod's service account; default: ${DEFAULT-VALUE}")
    private String serviceAccount = "";

    @Option(names = "--annotation", paramLabel = "KEY=VALUE", description = "overrides the agent's options for this pod, may be repeated: "
            + PodOverrides.DNS_CAPTURE + "=true|false, " + PodOverrides.BYPASS_INBOUND_CAPTURE + "=true|false, "
            + PodOverrides.REROUTE_VIRTUAL_INTERFACES
            + "=NAME,NAME; other keys are ignored, so all annotations of a pod may be passed")
    private Map<String, @Nullable String> annotations = Map.of();

    @ArgGroup(multiplicity = "1")
    private NamespaceOption where = new NamespaceOption();

    @Override
    ControlRequest request() {
        return new ControlRequest("add", uid, name, namespace, serviceAccount, where.path(), where.pid(),
                annotations.isEmpty() ? null : annotations);
    }

    @Override
    String describe(ControlReply reply) {
        return "pod " + uid + " enrolled";
    }
}

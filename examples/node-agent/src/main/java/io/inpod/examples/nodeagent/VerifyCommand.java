package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.ControlReply;
import io.inpod.examples.nodeagent.control.ControlRequest;
import io.inpod.examples.rules.Version;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** Compares what is in the pods with what should be there. */
@Command(name = "verify",
        description = "Compares routing, settings and rules of each enrolled pod with what the agent would install now, with its "
                + "options, the pod's annotations and the ztunnels' cgroups. Prints uid, network namespace, and \"as expected\" or the "
                + "first difference, separated by tabs; exit code 1 if there is a difference.",
        mixinStandardHelpOptions = true, versionProvider = Version.class)
final class VerifyCommand extends ClientCommand {
    @Override
    ControlRequest request() {
        return ControlRequest.verify();
    }

    @Override
    String describe(ControlReply reply) {
        List<ControlReply.Pod> pods = pods(reply);
        return pods.isEmpty() ? "no pods" : pods.stream()
                .map(pod -> String.join("\t", pod.uid(), pod.netns(), Objects.requireNonNullElse(pod.difference(), "as expected")))
                .collect(Collectors.joining(System.lineSeparator()));
    }

    @Override
    int exitCode(ControlReply reply) {
        return pods(reply).stream().allMatch(pod -> pod.difference() == null) ? 0 : 1;
    }

    private static List<ControlReply.Pod> pods(ControlReply reply) {
        return Objects.requireNonNullElse(reply.pods(), List.of());
    }
}

package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.control.ControlReply;
import io.inpod.examples.nodeagent.control.ControlRequest;
import io.inpod.examples.rules.Version;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/** Lists the enrolled pods. */
@Command(name = "list",
        description = "Lists the pods: uid, namespace/name, service account, network namespace, and state, separated by tabs. The state is "
                + "served, or closed (its connections are refused), open (in plaintext) or waiting (its network namespace isn't known "
                + "yet), "
                + "followed by the reason. A served pod has a reason if its source no longer names it. Pods' files that can't be read "
                + "follow.",
        mixinStandardHelpOptions = true, versionProvider = Version.class)
final class ListCommand extends ClientCommand {
    @Override
    ControlRequest request() {
        return ControlRequest.list();
    }

    @Override
    String describe(ControlReply reply) {
        List<ControlReply.Pod> pods = Objects.requireNonNullElse(reply.pods(), List.of());
        Stream<String> lines = pods.isEmpty() ? Stream.of("no pods")
                : pods.stream()
                        .map(pod -> String.join("\t", pod.uid(), pod.namespace() + "/" + pod.name(), pod.serviceAccount(), pod.netns(),
                                pod.reason() == null ? pod.state() : pod.state() + "\t" + pod.reason()));
        return Stream.concat(lines, Objects.requireNonNullElse(reply.problems(), List.<String>of()).stream())
                .collect(Collectors.joining(System.lineSeparator()));
    }
}

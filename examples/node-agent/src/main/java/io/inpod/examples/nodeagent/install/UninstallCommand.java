package io.inpod.examples.nodeagent.install;

import io.inpod.examples.nodeagent.host.NodeProbes;
import io.inpod.examples.rules.Version;
import io.inpod.iptables.backend.Backends;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.unix.PrivateSocket;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Takes the plugin out, and the node's rules for health probes. */
@Command(name = "uninstall",
        description = "Takes the CNI plugin out of the network configurations, so that pods start without an agent again, and removes its "
                + "program once no pod needs it to be deleted. Stop the agent before: one with --cni installs the plugin again.",
        mixinStandardHelpOptions = true, versionProvider = Version.class)
public final class UninstallCommand implements Callable<Integer> {
    private static final Duration ANSWER = Duration.ofSeconds(2);
    private static final long PAUSE_SECONDS = 5;

    @Mixin
    private CniPaths paths = new CniPaths();

    @Option(names = "--cni-cache-dir", paramLabel = "DIR", defaultValue = "/var/lib/cni",
            description = "where the runtime's libcni keeps how each pod's network was set up; default: /var/lib/cni")
    private Path cache = Path.of("");

    @Option(names = "--node-netns", paramLabel = "PATH",
            description = "the node's network namespace, for example /proc/1/ns/net, if the agent had this option: its rules for health "
                    + "probes are removed there; default: none")
    private @Nullable Path node;

    @Option(names = "--stay",
            description = "run on until SIGTERM, as a container of a DaemonSet must, and remove the program as soon as no pod needs it")
    private boolean stay;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (agentAnswers()) {
            throw new IOException("an agent answers on " + paths.socket() + ", and would install the CNI plugin again: stop it first");
        }
        List<String> done = new ArrayList<>(paths.installer().uninstall(cache));
        say(done.isEmpty() ? List.of("the CNI plugin isn't installed") : done);
        removeProbeRules();
        while (stay && paths.installer().hasProgram()) {
            TimeUnit.SECONDS.sleep(PAUSE_SECONDS);
            List<String> next = paths.installer().uninstall(cache);
            if (!next.equals(done)) {
                say(next);
            }
            done = next;
        }
        if (stay) {
            new CountDownLatch(1).await(); // a container that ends would be started again
        }
        return 0;
    }

    /** An agent without the plugin may run on. */
    private boolean agentAnswers() {
        try {
            PrivateSocket.connect(paths.socket(), ANSWER).close();
            return true;
        } catch (SocketTimeoutException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void removeProbeRules() throws IOException {
        if (node != null) {
            try (NodeProbes probes =
                    NodeProbes.open(NetworkNamespace.open(node), Backends.all(), EnumSet.allOf(IpFamily.class), line -> {})) {
                probes.uninstall();
            }
            say(List.of("no rules for health probes are left in " + node));
        }
    }

    private void say(List<String> lines) {
        lines.forEach(spec.commandLine().getOut()::println);
    }
}

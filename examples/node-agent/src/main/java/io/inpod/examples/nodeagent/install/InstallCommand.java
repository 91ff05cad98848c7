package io.inpod.examples.nodeagent.install;

import io.inpod.examples.rules.Version;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Installs the plugin once. */
@Command(name = "install",
        description = "Installs the CNI plugin: its program, and its entry at the end of the network configuration that the runtime "
                + "uses. From then on, no pod of the node starts without a running agent, except in excluded namespaces. An "
                + "agent with --cni does this by itself, and again if somebody takes the entry out.",
        mixinStandardHelpOptions = true, versionProvider = Version.class)
public final class InstallCommand implements Callable<Integer> {
    @Mixin
    private CniPaths paths = new CniPaths();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException {
        List<String> done = paths.installer().install();
        spec.commandLine().getOut()
                .println(done.isEmpty() ? "the CNI plugin is installed already" : String.join(System.lineSeparator(), done));
        return 0;
    }
}

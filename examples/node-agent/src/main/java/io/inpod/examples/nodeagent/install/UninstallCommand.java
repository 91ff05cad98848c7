package io.inpod.examples.nodeagent.install;

import io.inpod.examples.rules.Version;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Takes the plugin out. */
@Command(name = "uninstall",
        description = "Takes the CNI plugin out of the network configurations, so that pods start without an agent again, and removes its "
                + "program once no pod needs it to be deleted. Stop the agent before: one with --cni installs the plugin again.",
        mixinStandardHelpOptions = true, versionProvider = Version.class)
public final class UninstallCommand implements Callable<Integer> {
    @Mixin
    private CniPaths paths = new CniPaths();

    @Option(names = "--cni-cache-dir", paramLabel = "DIR", defaultValue = "/var/lib/cni",
            description = "where the runtime's libcni keeps how each pod's network was set up; default: /var/lib/cni")
    private Path cache = Path.of("");

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException {
        List<String> done = paths.installer().uninstall(cache);
        spec.commandLine().getOut().println(done.isEmpty() ? "the CNI plugin isn't installed" : String.join(System.lineSeparator(), done));
        return 0;
    }
}

package io.inpod.examples.nodeagent.install;

import io.inpod.examples.nodeagent.plugin.PluginServer;
import io.inpod.examples.nodeagent.pod.Enrolment;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.nodeagent.pod.PodState;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The option of an agent that serves the CNI plugin and keeps it installed. A closed service no longer answers; the plugin stays installed,
 * so that no pod bypasses the mesh while an agent is replaced.
 */
public final class CniService implements AutoCloseable {
    @Option(names = "--cni",
            description = "install the CNI plugin on this node, keep it installed, and answer it: pods are enrolled before they start")
    private boolean enabled;

    @Mixin
    private CniPaths paths = new CniPaths();

    private @Nullable PluginServer server;
    private @Nullable InstallWatch watch;

    /**
     * Listens for the plugin, and then installs it. Does nothing without the option.
     *
     * @param source decides which pods belong to the mesh
     * @param enrolment enrols them
     * @param states the states of the enrolled pods, by uid; empty for a pod that isn't enrolled
     * @param threads runs a task for each call of the plugin, and two as long as the service is open
     * @return this
     * @throws IOException if the plugin's socket can't be opened, or the network configurations can't be watched
     */
    public CniService start(PodSource source, Enrolment enrolment, Function<String, Optional<PodState>> states, Executor threads)
            throws IOException {
        if (enabled) {
            PluginServer answering = PluginServer.listen(paths.socket(), source, enrolment, states, threads);
            server = answering;
            threads.execute(answering::run);
            InstallWatch watching = new InstallWatch(paths.installer(), paths.configurations());
            watch = watching;
            threads.execute(watching::run);
        }
        return this;
    }

    /** {@return the options about places and namespaces} */
    public CniPaths paths() {
        return paths;
    }

    /** {@return why pods can't be enrolled before they start; null if they can, or if that isn't wanted} */
    public @Nullable String problem() {
        InstallWatch watching = watch;
        return watching == null ? null : watching.problem();
    }

    @Override
    public void close() {
        if (watch != null) {
            watch.close();
        }
        if (server != null) {
            server.close();
        }
    }
}

package io.inpod.examples.nodeagent.control;

import io.inpod.examples.nodeagent.pod.AgentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that names the control socket; a mix-in of picocli. */
public final class ControlPath {
    @Option(names = "--control", paramLabel = "PATH",
            description = "the control socket; default: /run/inpod/agent.sock as root, else $XDG_RUNTIME_DIR/inpod/agent.sock")
    private @Nullable Path path;

    /** For picocli. */
    public ControlPath() {}

    /**
     * Returns the socket's path.
     *
     * @return the path
     * @throws IOException if none is named, and there is no usual one for this user
     */
    public Path get() throws IOException {
        if (path != null) {
            return path;
        }
        boolean root = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
        return inDefaultDirectory(root, System.getenv());
    }

    /**
     * Returns the usual path.
     *
     * @param root whether the user is root
     * @param environment the environment variables
     * @return the path
     * @throws AgentException if the user has no directory for it
     */
    public static Path inDefaultDirectory(boolean root, Map<String, String> environment) throws AgentException {
        String runtime = root ? "/run" : environment.getOrDefault("XDG_RUNTIME_DIR", "");
        if (runtime.isEmpty()) {
            throw new AgentException("XDG_RUNTIME_DIR isn't set; name the control socket with --control");
        }
        return Path.of(runtime, "inpod", "agent.sock");
    }
}

package io.inpod.examples.cluster;

import io.inpod.examples.cluster.CriMessages.ExecSyncRequest;
import io.inpod.examples.cluster.CriMessages.ExecSyncResponse;
import io.inpod.examples.cluster.CriMessages.PodSandboxRequest;
import io.inpod.examples.cluster.CriMessages.PodSandboxStatusResponse;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A pod that {@link Containerd} has started. Thread-safe. */
public final class RuntimePod {
    private static final Pattern NETWORK = Pattern.compile("\"type\":\\s*\"network\",\\s*\"path\":\\s*\"([^\"]+)\"");
    private static final int EXEC_SECONDS = 60;

    private final Containerd containerd;
    private final PodOrder order;
    private final String id;
    private final String container;

    RuntimePod(Containerd containerd, PodOrder order, String id, String container) {
        this.containerd = containerd;
        this.order = order;
        this.id = id;
        this.container = container;
    }

    /** {@return what was ordered} */
    public PodOrder order() {
        return order;
    }

    /** {@return its address; the node's if it uses the node's network} */
    public InetAddress address() throws IOException {
        return InetAddress.getByName(status(false).getStatus().getNetwork().getIp());
    }

    /** {@return the file on the node that refers to its network namespace} */
    public String netns() throws IOException {
        String info = status(true).getInfoOrDefault("info", "");
        Matcher match = NETWORK.matcher(info);
        if (!match.find()) {
            throw new IOException("containerd doesn't tell the network namespace of " + order.name() + ": " + info);
        }
        return match.group(1);
    }

    /** {@return its network namespace; to be closed by the caller} */
    public NetworkNamespace network() throws IOException {
        return NetworkNamespace.open(containerd.sandbox().file(netns()));
    }

    private PodSandboxStatusResponse status(boolean verbose) throws IOException {
        return containerd.call("PodSandboxStatus", PodSandboxRequest.newBuilder().setPodSandboxId(id).setVerbose(verbose).build(),
                PodSandboxStatusResponse.getDefaultInstance());
    }

    /**
     * Runs a command in its container, to its end.
     *
     * @param command the command
     * @return its standard output
     * @throws IOException with what it printed, if its exit code isn't 0 or it takes longer than a minute
     */
    public String exec(String... command) throws IOException {
        ExecSyncResponse response = containerd.call("ExecSync",
                ExecSyncRequest.newBuilder().setContainerId(container).addAllCmd(List.of(command)).setTimeout(EXEC_SECONDS).build(),
                ExecSyncResponse.getDefaultInstance());
        if (response.getExitCode() != 0) {
            throw new IOException(String.join(" ", command) + " in " + order.name() + " ended with " + response.getExitCode() + ": "
                    + response.getStderr().toStringUtf8().strip());
        }
        return response.getStdout().toStringUtf8();
    }

    /** {@return what its container has printed so far, each line after a time and the stream's name} */
    public String log() throws IOException {
        Path file = containerd.sandbox().file("/var/log/pods/" + order.uid() + ".log");
        return Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8) : "";
    }

    /**
     * Ends and removes it, as a kubelet does when a pod is deleted.
     *
     * @throws IOException with the runtime's message
     */
    public void remove() throws IOException {
        containerd.stop(id);
    }
}

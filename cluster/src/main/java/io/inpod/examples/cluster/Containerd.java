package io.inpod.examples.cluster;

import com.google.protobuf.MessageLite;
import io.inpod.examples.cluster.CriMessages.ContainerConfig;
import io.inpod.examples.cluster.CriMessages.ContainerMetadata;
import io.inpod.examples.cluster.CriMessages.ContainerRequest;
import io.inpod.examples.cluster.CriMessages.CreateContainerRequest;
import io.inpod.examples.cluster.CriMessages.Empty;
import io.inpod.examples.cluster.CriMessages.ImageSpec;
import io.inpod.examples.cluster.CriMessages.LinuxPodSandboxConfig;
import io.inpod.examples.cluster.CriMessages.LinuxSandboxSecurityContext;
import io.inpod.examples.cluster.CriMessages.ListPodSandboxResponse;
import io.inpod.examples.cluster.CriMessages.NamespaceMode;
import io.inpod.examples.cluster.CriMessages.NamespaceOption;
import io.inpod.examples.cluster.CriMessages.PodSandboxConfig;
import io.inpod.examples.cluster.CriMessages.PodSandboxMetadata;
import io.inpod.examples.cluster.CriMessages.PodSandboxRequest;
import io.inpod.examples.cluster.CriMessages.PodSandbox;
import io.inpod.examples.cluster.CriMessages.RunPodSandboxRequest;
import io.inpod.examples.cluster.CriMessages.RunPodSandboxResponse;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Containerd alone on a node in a sandbox, which makes pods as it does for a kubelet: each with its network namespace, set up by the CNI
 * plugins of {@code /etc/cni/net.d}. Takes 1 to 2 s to start. Thread-safe.
 *
 * <pre>{@code
 * try (Containerd containerd = Containerd.start("example")) {
 *     RuntimePod pod = containerd.run(PodOrder.of("default", "a", "uid-a", "sleep", "1000"));
 *     pod.exec("wget", "-qO-", "http://10.244.0.3:8080/");
 *     pod.remove();
 * }
 * }</pre>
 */
public final class Containerd implements AutoCloseable {
    private static final String IMAGE = "localhost/busybox:1";

    private final NodeSandbox sandbox;
    private final Cri cri = new Cri();
    private final AtomicInteger attempts = new AtomicInteger();

    private Containerd(NodeSandbox sandbox) {
        this.sandbox = sandbox;
    }

    /**
     * Starts it, and waits until it is ready.
     *
     * @param name tells it apart from others on this machine
     * @return the runtime
     * @throws IOException naming what this machine lacks or forbids
     * @throws InterruptedException if the thread was interrupted
     */
    public static Containerd start(String name) throws IOException, InterruptedException {
        return new Containerd(NodeSandbox.start(name, "--containerd"));
    }

    /** {@return the sandbox, to run things on the node and to end and start containerd} */
    public NodeSandbox sandbox() {
        return sandbox;
    }

    /**
     * Starts a pod with its container. May be tried again, as a kubelet does: each attempt is another sandbox.
     *
     * @param order the pod
     * @return the pod, whose container has been started
     * @throws IOException with the runtime's message; what was made of the pod until then remains, as for a kubelet, until it is removed
     */
    public RuntimePod run(PodOrder order) throws IOException {
        PodSandboxConfig config = config(order, attempts.getAndIncrement());
        String id = call("RunPodSandbox", RunPodSandboxRequest.newBuilder().setConfig(config).build(),
                RunPodSandboxResponse.getDefaultInstance())
                .getPodSandboxId();
        ContainerConfig container = ContainerConfig.newBuilder().setMetadata(ContainerMetadata.newBuilder().setName("main"))
                .setImage(ImageSpec.newBuilder().setImage(IMAGE)).addAllCommand(order.command()).setLogPath(order.uid() + ".log").build();
        String containerId = call("CreateContainer",
                CreateContainerRequest.newBuilder().setPodSandboxId(id).setConfig(container).setSandboxConfig(config).build(),
                ContainerRequest.getDefaultInstance()).getContainerId();
        call("StartContainer", ContainerRequest.newBuilder().setContainerId(containerId).build(), Empty.getDefaultInstance());
        return new RuntimePod(this, order, id, containerId);
    }

    private static PodSandboxConfig config(PodOrder order, int attempt) {
        NamespaceOption network =
                NamespaceOption.newBuilder().setNetwork(order.hostNetwork() ? NamespaceMode.NODE : NamespaceMode.POD).build();
        return PodSandboxConfig.newBuilder()
                .setMetadata(PodSandboxMetadata.newBuilder().setName(order.name()).setUid(order.uid()).setNamespace(order.namespace())
                        .setAttempt(attempt))
                .setHostname(order.hostNetwork() ? "" : order.name()).setLogDirectory("/var/log/pods")
                .putAllLabels(order.labels()).putAllAnnotations(order.annotations())
                .setLinux(LinuxPodSandboxConfig.newBuilder()
                        .setSecurityContext(LinuxSandboxSecurityContext.newBuilder().setNamespaceOptions(network)))
                .build();
    }

    /**
     * Removes all sandboxes of a pod, for example those of attempts that failed half-way.
     *
     * @param uid the pod
     * @throws IOException with the runtime's message
     */
    public void removeAll(String uid) throws IOException {
        for (PodSandbox item : call("ListPodSandbox", Empty.getDefaultInstance(), ListPodSandboxResponse.getDefaultInstance())
                .getItemsList()) {
            if (item.getMetadata().getUid().equals(uid)) {
                stop(item.getId());
            }
        }
    }

    void stop(String id) throws IOException {
        PodSandboxRequest request = PodSandboxRequest.newBuilder().setPodSandboxId(id).build();
        call("StopPodSandbox", request, Empty.getDefaultInstance());
        call("RemovePodSandbox", request, Empty.getDefaultInstance());
    }

    <R extends MessageLite> R call(String method, MessageLite request, R response) throws IOException {
        return cri.call(sandbox.file("/run/containerd/containerd.sock"), method, request, response);
    }

    @Override
    public void close() {
        cri.close();
        sandbox.close();
    }
}

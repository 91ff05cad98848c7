package io.inpod.examples.clustertests;

import io.inpod.examples.cluster.KubernetesNode;
import io.inpod.examples.demo.MeshNode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The images and manifests, as a user has them: the images in the node's container runtime, and a copy of {@code deploy/} whose mesh file
 * lists the pods.
 *
 * @param cluster the node
 * @param manifests the copy of {@code deploy/}
 */
record Deployment(KubernetesNode cluster, Path manifests) {
    private static final long LIMIT_SECONDS = 180;

    /**
     * Makes the images and loads them.
     *
     * @param mesh what the mesh file says
     */
    static Deployment prepare(KubernetesNode cluster, String mesh) throws IOException, InterruptedException {
        Path images = Files.createDirectories(cluster.sandbox().state().resolve("images"));
        makeImages(images, cluster.sandbox().state().resolve("log/images.log"));
        for (String program : List.of("agent", "ztunnel")) {
            Path archive = images.resolve("inpod-" + program + ".tar");
            cluster.sandbox().exec("ctr", "-n", "k8s.io", "images", "import", archive.toString());
            Files.delete(archive);
        }
        Path manifests = cluster.sandbox().state().resolve("deploy");
        copyManifests(root().resolve("deploy"), manifests);
        Files.writeString(manifests.resolve("mesh.yaml"), mesh);
        return new Deployment(cluster, manifests);
    }

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("deploy/images.sh"))) {
            directory = directory.getParent();
            if (directory == null) {
                throw new AssertionError("there is no deploy/images.sh in " + Path.of("").toAbsolutePath() + " or above it");
            }
        }
        return directory;
    }

    /** What {@code ./inpod images} does once everything is built, which Maven has just done. */
    private static void makeImages(Path to, Path log) throws IOException, InterruptedException {
        String tested = MeshNode.class.getProtectionDomain().getCodeSource().getLocation().toString();
        if (!tested.endsWith(".jar")) {
            throw new AssertionError("images are made of jars, but Maven has only compiled the classes (" + tested
                    + "): run its phase verify, not test");
        }
        ProcessBuilder builder = new ProcessBuilder(root().resolve("deploy/images.sh").toString(), to.toString())
                .redirectErrorStream(true).redirectOutput(log.toFile()).redirectInput(new File("/dev/null"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException("the images can't be made: " + Files.readString(log));
        }
    }

    private static void copyManifests(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(file -> file.toString().endsWith(".yaml")).toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
    }

    void apply() throws IOException, InterruptedException {
        cluster.kubectl("apply", "-k", manifests.toString());
        awaitRollout("inpod-system", "inpod-agent");
        awaitRollout("inpod-system", "inpod-ztunnel");
    }

    void delete() throws IOException, InterruptedException {
        cluster.kubectl("delete", "-k", manifests.toString(), "--timeout=120s");
    }

    /** Replaces the pods of a DaemonSet, and waits until the new ones are available. */
    void restart(String daemonSet) throws IOException, InterruptedException {
        cluster.kubectl("rollout", "restart", "-n", "inpod-system", "daemonset/" + daemonSet);
        awaitRollout("inpod-system", daemonSet);
    }

    void applyUninstall() throws IOException, InterruptedException {
        cluster.kubectl("apply", "-k", manifests.resolve("uninstall").toString());
    }

    void awaitUninstalled() throws IOException, InterruptedException {
        awaitRollout("inpod-uninstall", "inpod-uninstall");
    }

    void deleteUninstall() throws IOException, InterruptedException {
        cluster.kubectl("delete", "-k", manifests.resolve("uninstall").toString(), "--timeout=120s");
    }

    private void awaitRollout(String namespace, String daemonSet) throws IOException, InterruptedException {
        cluster.kubectl("rollout", "status", "-n", namespace, "daemonset/" + daemonSet, "--timeout=120s");
    }
}

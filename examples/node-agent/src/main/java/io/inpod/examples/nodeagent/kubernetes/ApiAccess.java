package io.inpod.examples.nodeagent.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Where the API server is, and how to prove to it who we are. Read again for each connection after a failed TLS handshake. */
@FunctionalInterface
interface ApiAccess {
    /** The files of a service account that the kubelet puts into each container. */
    Path SERVICE_ACCOUNT = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");
    Duration CONNECT = Duration.ofSeconds(5);

    /**
     * Reads the configuration.
     *
     * @throws IOException naming the file that can't be used
     */
    Config read() throws IOException;

    /**
     * Returns the access of a pod's service account. Its token is read for each request: the kubelet replaces it every hour.
     *
     * @param host the API server's address
     * @param port its port
     * @param files the directory that holds {@code ca.crt} and {@code token}
     */
    static ApiAccess inCluster(String host, String port, Path files) {
        String address = host.contains(":") ? "[" + host + "]" : host;
        return () -> {
            Path ca = readable(files.resolve("ca.crt"));
            Path token = readable(files.resolve("token"));
            return common(new ConfigBuilder(Config.empty()).withMasterUrl("https://" + address + ":" + port).withCaCertFile(ca.toString())
                    .withOauthTokenProvider(() -> text(token)).build());
        };
    }

    /**
     * Returns the access that a file of kubectl describes.
     *
     * @param file the kubeconfig; its current context counts
     */
    static ApiAccess kubeconfig(Path file) {
        return () -> {
            try {
                return common(Config.fromKubeconfig(readable(file).toFile()));
            } catch (KubernetesClientException | IllegalArgumentException e) {
                throw new IOException(file + " can't be used as a kubeconfig: " + e.getMessage(), e);
            }
        };
    }

    private static Path readable(Path file) throws IOException {
        if (!Files.isReadable(file)) {
            throw new IOException(file + " can't be read; without it the API server can't be reached");
        }
        return file;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Over HTTP/1.1 a request whose time is over takes its connection with it; a dead one of HTTP/2 would be used again. */
    private static Config common(Config config) {
        config.setHttp2Disable(true);
        config.setRequestRetryBackoffLimit(0); // the callers know better what may be repeated, and when
        config.setConnectionTimeout((int) CONNECT.toMillis());
        config.setUserAgent("inpod-node-agent");
        return config;
    }
}

package io.inpod.examples.ztunnel.config;

import java.nio.file.Path;

/** XDS_ROOT_CA and CA_ROOT_CA: what vouches for a server of the control plane. */
public sealed interface ServerRoots {
    /** Where Kubernetes mounts the roots that Istio distributes. */
    Path DEFAULT = Path.of("./var/run/secrets/istio/root-cert.pem");

    /**
     * Roots in a file, which may change.
     *
     * @param path the file, PEM
     */
    record File(Path path) implements ServerRoots {}

    /**
     * Roots as text.
     *
     * @param pem the certificates
     */
    record Text(String pem) implements ServerRoots {}

    /** The roots that the Java runtime trusts. */
    record OfJava() implements ServerRoots {}

    /** Reads the variable's value. */
    static ServerRoots of(String value) {
        if (value.equals("SYSTEM")) {
            return new OfJava();
        }
        return value.contains("-----BEGIN") ? new Text(value) : new File(value.isEmpty() ? DEFAULT : Path.of(value));
    }
}

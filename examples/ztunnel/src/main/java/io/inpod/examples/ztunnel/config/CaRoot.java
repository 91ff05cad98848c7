package io.inpod.examples.ztunnel.config;

import java.nio.file.Path;

/** What vouches for the CA's server. */
public sealed interface CaRoot {
    /** Where Kubernetes mounts the roots that Istio distributes. */
    Path DEFAULT = Path.of("./var/run/secrets/istio/root-cert.pem");

    /**
     * Roots in a file, which may change.
     *
     * @param path the file, PEM
     */
    record File(Path path) implements CaRoot {}

    /**
     * Roots as text.
     *
     * @param pem the certificates
     */
    record Text(String pem) implements CaRoot {}

    /** The roots that the Java runtime trusts. */
    record OfJava() implements CaRoot {}

    /** Reads the variable's value. */
    static CaRoot of(String value) {
        if (value.equals("SYSTEM")) {
            return new OfJava();
        }
        return value.contains("-----BEGIN") ? new Text(value) : new File(value.isEmpty() ? DEFAULT : Path.of(value));
    }
}

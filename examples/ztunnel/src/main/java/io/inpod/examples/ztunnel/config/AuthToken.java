package io.inpod.examples.ztunnel.config;

import java.nio.file.Files;
import java.nio.file.Path;

/** AUTH_TOKEN: the bearer token that shows the control plane who this proxy is. */
public sealed interface AuthToken {
    /** Where Kubernetes mounts a service account's token for Istio, if it does. */
    Path DEFAULT = Path.of("./var/run/secrets/tokens/istio-token");

    /**
     * A token in a file, which Kubernetes replaces regularly.
     *
     * @param path the file
     * @param required whether a request without it fails here; otherwise it is sent without a token while there is no such file
     */
    record File(Path path, boolean required) implements AuthToken {}

    /**
     * A token as text.
     *
     * @param value the token
     */
    record Text(String value) implements AuthToken {
        /** Never the token. */
        @Override
        public String toString() {
            return "Text[...]";
        }
    }

    /** Reads the variable's value: a path if it has a slash or names a file, else the token itself, in which no slash occurs. */
    static AuthToken of(String value) {
        if (value.isEmpty()) {
            return new File(DEFAULT, false);
        }
        return value.indexOf('/') >= 0 || Files.exists(Path.of(value)) ? new File(Path.of(value), true) : new Text(value);
    }
}

package io.inpod.examples.ztunnel.mesh;

import java.util.Locale;

/**
 * The name of a service: a hostname within a Kubernetes namespace, since two namespaces may describe the same host.
 *
 * @param namespace the Kubernetes namespace
 * @param hostname the hostname, in lower case; may begin with {@code *.}
 */
public record ServiceName(String namespace, String hostname) implements GatewayDestination {
    /** Turns the hostname into lower case. */
    public ServiceName {
        hostname = hostname.toLowerCase(Locale.ROOT);
    }

    /** {@return the form of the configuration, such as {@code default/web.default.svc.cluster.local}} */
    @Override
    public String toString() {
        return namespace + "/" + hostname;
    }
}

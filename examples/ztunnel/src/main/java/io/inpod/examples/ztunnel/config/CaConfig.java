package io.inpod.examples.ztunnel.config;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How certificates are fetched from a CA with the protocol of Istio's.
 *
 * @param server CA_ADDRESS, CA_ROOT_CA, ALT_CA_HOSTNAME, AUTH_TOKEN, CA_HEADER_*: where it is
 * @param clusterId ISTIO_META_CLUSTER_ID or CLUSTER_ID: the cluster in which the token was issued
 * @param lifetime SECRET_TTL: the lifetime of certificates that is asked for; the CA may give less
 */
public record CaConfig(ControlPlane server, String clusterId, Duration lifetime) {
    /** Returns the settings, or null if certificates come from the development CA. */
    static @Nullable CaConfig from(Variables env) throws ConfigException {
        String address = env.text("CA_ADDRESS", "");
        if (env.flag("FAKE_CA", false) == !address.isEmpty()) {
            throw new ConfigException(address.isEmpty()
                    ? "no source of certificates: set CA_ADDRESS to the mesh's CA (https://istiod.istio-system.svc:15012),"
                            + " or FAKE_CA=true for a development CA"
                    : "CA_ADDRESS is set, and FAKE_CA=true: set one of them");
        }
        return address.isEmpty() ? null
                : new CaConfig(
                        ControlPlane.of(env, "CA_ADDRESS", address, ServerRoots.of(env.text("CA_ROOT_CA", "")),
                                env.text("ALT_CA_HOSTNAME", ""), ControlPlane.headers(env, "CA_HEADER_")),
                        env.text("ISTIO_META_CLUSTER_ID", env.text("CLUSTER_ID", "Kubernetes")), lifetime(env));
    }

    private static Duration lifetime(Variables env) throws ConfigException {
        Duration lifetime = env.duration("SECRET_TTL", Duration.ofHours(24));
        if (lifetime.toSeconds() < 1 || lifetime.toDays() > 3650) {
            throw new ConfigException("SECRET_TTL must be from 1s to ten years");
        }
        return lifetime;
    }
}

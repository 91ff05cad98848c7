package io.inpod.examples.ztunnel.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How certificates are fetched from a CA with the protocol of Istio's.
 *
 * @param address CA_ADDRESS: {@code https://host:port}, {@code host:port}, or {@code unix:/path} for a CA on this node
 * @param root CA_ROOT_CA: what vouches for the CA's server
 * @param hostname ALT_CA_HOSTNAME: the name that its certificate must have, or null for that of the address
 * @param token AUTH_TOKEN: how this proxy shows who it is
 * @param clusterId ISTIO_META_CLUSTER_ID or CLUSTER_ID: the cluster in which the token was issued
 * @param headers CA_HEADER_*: further headers of each request, by name
 * @param lifetime SECRET_TTL: the lifetime of certificates that is asked for; the CA may give less
 */
public record CaConfig(URI address, CaRoot root, @Nullable String hostname, CaToken token, String clusterId, Map<String, String> headers,
        Duration lifetime) {
    private static final String HEADER = "CA_HEADER_";

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
                : new CaConfig(address(address), CaRoot.of(env.text("CA_ROOT_CA", "")), orNull(env.text("ALT_CA_HOSTNAME", "")),
                        CaToken.of(env.text("AUTH_TOKEN", "")), env.text("ISTIO_META_CLUSTER_ID", env.text("CLUSTER_ID", "Kubernetes")),
                        env.prefixed(HEADER), lifetime(env));
    }

    private static URI address(String text) throws ConfigException {
        try {
            URI uri = new URI(text.contains("://") || text.startsWith("unix:") ? text : "https://" + text);
            boolean unix = "unix".equals(uri.getScheme()) && uri.getAuthority() == null && isAbsolute(uri);
            boolean https = "https".equals(uri.getScheme()) && uri.getHost() != null && uri.getPort() > 0 && uri.getUserInfo() == null
                    && (uri.getPath().isEmpty() || uri.getPath().equals("/"));
            if ((unix || https) && uri.getQuery() == null && uri.getFragment() == null) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // said below
        }
        throw new ConfigException("CA_ADDRESS must be https://host:port or unix:/absolute/path, not \"" + text + "\"");
    }

    private static boolean isAbsolute(URI uri) {
        return uri.getPath() != null && uri.getPath().startsWith("/") && !uri.getPath().endsWith("/");
    }

    private static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }

    private static Duration lifetime(Variables env) throws ConfigException {
        Duration lifetime = env.duration("SECRET_TTL", Duration.ofHours(24));
        if (lifetime.toSeconds() < 1 || lifetime.toDays() > 3650) {
            throw new ConfigException("SECRET_TTL must be from 1s to ten years");
        }
        return lifetime;
    }

    /** {@return the socket of a CA on this node, or null if the CA is reached over TLS} */
    public @Nullable Path socket() {
        return "unix".equals(address.getScheme()) ? Path.of(address.getPath()) : null;
    }
}

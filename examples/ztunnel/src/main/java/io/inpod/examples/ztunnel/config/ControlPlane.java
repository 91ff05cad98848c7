package io.inpod.examples.ztunnel.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a service of the control plane is, and how it is spoken to.
 *
 * @param address as the variable says it: {@code https://host:port}, or {@code unix:/path} for a socket of this node
 * @param host the host, whose name the server's certificate must have; "" with a socket
 * @param port the port; 0 with a socket
 * @param socket the unix socket, which is spoken to in plaintext, or null
 * @param roots whom the server's certificate must be from
 * @param otherName a name that the certificate may have instead of the host's, or ""
 * @param token the token of each call
 * @param headers further headers of each call, by their names in lower case
 */
public record ControlPlane(
        String address,
        String host,
        int port,
        @Nullable Path socket,
        ServerRoots roots,
        String otherName,
        AuthToken token,
        Map<String, String> headers) {
    private static final String UNIX = "unix:";
    private static final int DEFAULT_PORT = 15012;
    private static final Pattern HEADER = Pattern.compile("[a-z0-9_.-]+");

    /** Copies the map. */
    public ControlPlane {
        headers = Map.copyOf(headers);
    }

    /**
     * Describes a service; AUTH_TOKEN is the same for all.
     *
     * @param variable the variable that names the address, for errors
     * @param address the address, {@code https://host:port}, {@code host:port} or {@code unix:/path}; not ""
     */
    static ControlPlane of(Variables env, String variable, String address, ServerRoots roots, String otherName, Map<String, String> headers)
            throws ConfigException {
        AuthToken token = AuthToken.of(env.text("AUTH_TOKEN", ""));
        if (address.startsWith(UNIX)) {
            String path = address.substring(UNIX.length()).replaceFirst("^//(?=/)", "");
            if (!path.startsWith("/") || path.startsWith("//") || path.endsWith("/")) {
                throw new ConfigException(variable + " must name a unix socket by its absolute path, such as unix:///run/xds.sock, not \""
                        + address + "\"");
            }
            return new ControlPlane(address, "", 0, Path.of(path), roots, otherName, token, headers);
        }
        URI uri = uri(variable, address.contains("://") ? address : "https://" + address);
        int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
        String host = uri.getHost().startsWith("[") ? uri.getHost().substring(1, uri.getHost().length() - 1) : uri.getHost();
        return new ControlPlane(address, host, port, null, roots, otherName, token, headers);
    }

    private static URI uri(String variable, String address) throws ConfigException {
        String form = variable + " must be https://host:port, or unix:/path for a socket of this node, not \"" + address + "\"";
        try {
            URI uri = new URI(address);
            boolean onlyHost = uri.getRawUserInfo() == null && uri.getRawQuery() == null && uri.getRawFragment() == null
                    && (uri.getRawPath() == null || uri.getRawPath().isEmpty() || uri.getRawPath().equals("/"));
            if ("https".equalsIgnoreCase(uri.getScheme()) && uri.getHost() != null && onlyHost && uri.getPort() != 0
                    && uri.getPort() <= 65_535) {
                return uri;
            }
        } catch (URISyntaxException e) {
            throw new ConfigException(form, e);
        }
        throw new ConfigException(form);
    }

    /** Returns the headers that variables with a prefix name, such as XDS_HEADER_X-TENANT. */
    static Map<String, String> headers(Variables env, String prefix) throws ConfigException {
        Map<String, String> headers = new TreeMap<>();
        for (Map.Entry<String, String> variable : env.beginningWith(prefix).entrySet()) {
            String name = variable.getKey().toLowerCase(Locale.ROOT);
            if (!HEADER.matcher(name).matches() || name.startsWith("grpc-") || name.endsWith("-bin")) {
                throw new ConfigException(prefix + variable.getKey() + " doesn't name a header that can be sent");
            }
            if (!variable.getValue().chars().allMatch(c -> c >= 0x20 && c < 0x7f)) {
                throw new ConfigException(prefix + variable.getKey() + " has characters that a header can't have");
            }
            headers.put(name, variable.getValue());
        }
        return headers;
    }

    /** {@return the address} */
    @Override
    public String toString() {
        return address;
    }
}

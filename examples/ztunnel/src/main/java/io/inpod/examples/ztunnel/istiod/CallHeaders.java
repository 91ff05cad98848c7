package io.inpod.examples.ztunnel.istiod;

import io.grpc.Metadata;
import io.inpod.examples.ztunnel.config.AuthToken;
import io.inpod.examples.ztunnel.config.ControlPlane;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** The headers of a call to the control plane. */
public final class CallHeaders {
    /** The header that has the token, if there is one. */
    public static final Metadata.Key<String> AUTHORIZATION = key("authorization");

    private CallHeaders() {}

    /**
     * Reads the token, and returns the headers. The token is never kept: Kubernetes replaces it before it expires.
     *
     * @param server where the control plane is, and by what calls are authorized
     * @param clusterId CLUSTER_ID
     * @return the headers
     * @throws IOException if there is a token that can't be read or sent
     */
    public static Metadata of(ControlPlane server, String clusterId) throws IOException {
        Metadata headers = new Metadata();
        headers.put(key("clusterid"), clusterId);
        String token = token(server.token());
        if (token != null) {
            headers.put(AUTHORIZATION, "Bearer " + token);
        }
        server.headers().forEach((name, value) -> {
            headers.discardAll(key(name));
            headers.put(key(name), value);
        });
        return headers;
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }

    /** The token as it is now; null where none is mounted: the control plane may not want one. */
    private static @Nullable String token(AuthToken token) throws IOException {
        if (token instanceof AuthToken.File file) {
            try {
                return checked(Files.readString(file.path(), StandardCharsets.ISO_8859_1), file.path().toString());
            } catch (NoSuchFileException e) {
                if (file.required()) {
                    throw new IOException("AUTH_TOKEN: there is no file " + file.path().toAbsolutePath(), e);
                }
                return null;
            } catch (IOException e) {
                throw new IOException("the token can't be read: " + e.getMessage(), e);
            }
        }
        return checked(((AuthToken.Text) token).value(), "AUTH_TOKEN");
    }

    private static String checked(String token, String where) throws IOException {
        String stripped = token.strip();
        if (!stripped.matches("[\\x21-\\x7e]+")) {
            throw new IOException(where + " has no token: it is empty, or has spaces or other characters in it");
        }
        return stripped;
    }
}

package io.inpod.examples.ztunnel.istiod;

import io.grpc.Metadata;
import io.inpod.examples.ztunnel.config.ControlPlane;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The headers of a call to the control plane. */
public final class CallHeaders {
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
        String token = token(server);
        if (!token.isEmpty()) {
            headers.put(key("authorization"), "Bearer " + token);
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

    private static String token(ControlPlane server) throws IOException {
        String source = server.token();
        if (!source.startsWith("/") && !source.startsWith("./")) {
            return source;
        }
        try {
            String token = Files.readString(Path.of(source), StandardCharsets.ISO_8859_1).strip();
            if (token.isEmpty() || !token.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
                throw new IOException("it has no token in it");
            }
            return token;
        } catch (NoSuchFileException e) {
            if (source.equals(ControlPlane.DEFAULT_TOKEN)) {
                return ""; // where nothing is mounted, the control plane may not want one
            }
            throw new IOException("AUTH_TOKEN: there is no file " + source, e);
        } catch (IOException e) {
            throw new IOException("AUTH_TOKEN: can't read " + source + ": " + e.getMessage(), e);
        }
    }
}

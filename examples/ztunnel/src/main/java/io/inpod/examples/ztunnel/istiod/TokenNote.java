package io.inpod.examples.ztunnel.istiod;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.grpc.Metadata;
import io.grpc.Status;
import io.inpod.examples.ztunnel.config.AuthToken;
import java.io.IOException;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is to be said about the token of a call that was refused: istiod says only that it doesn't accept it. Whether the token is genuine
 * isn't looked at, and neither it nor its signature is shown.
 */
public final class TokenNote {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int LONGEST = 200;

    private TokenNote() {}

    /**
     * Returns the note.
     *
     * @param headers the headers of the call
     * @param status how the call has ended
     * @param now the time
     * @return the note in brackets, with a blank before it; "" if the token isn't the reason
     */
    public static String of(Metadata headers, Status status, Instant now) {
        String header = headers.get(CallHeaders.AUTHORIZATION);
        boolean isRefused = status.getCode() == Status.Code.UNAUTHENTICATED || status.getCode() == Status.Code.PERMISSION_DENIED;
        if (header == null) {
            return isRefused ? " (no token was sent: there is no " + AuthToken.DEFAULT + ", and AUTH_TOKEN isn't set)" : "";
        }
        return isRefused ? " (the token that was sent " + described(header.substring(header.indexOf(' ') + 1), now) + ")" : "";
    }

    private static String described(String token, Instant now) {
        String[] parts = token.split("\\.", -1);
        Map<String, String> claims = new TreeMap<>();
        try {
            claims = parts.length == 3 ? claims(Base64.getUrlDecoder().decode(parts[1])) : claims;
        } catch (IOException | IllegalArgumentException e) {
            return "isn't a JWT";
        }
        if (claims.isEmpty()) {
            return "isn't a JWT";
        }
        String pod = claims.get("/kubernetes.io/pod/name");
        return "is of " + claims.getOrDefault("/sub", "nobody") + ", for "
                + claims.getOrDefault("/aud/0", claims.getOrDefault("/aud", "nobody"))
                + ", " + (pod == null ? "not bound to a pod" : "bound to the pod " + pod) + ", and " + validity(claims.get("/exp"), now);
    }

    /** The claims that are texts and numbers, by their JSON pointers. */
    private static Map<String, String> claims(byte[] payload) throws IOException {
        Map<String, String> claims = new HashMap<>();
        try (JsonParser json = JSON.createParser(payload)) {
            while (json.nextToken() != null) {
                if (json.currentToken().isScalarValue()) {
                    claims.put(json.getParsingContext().pathAsPointer().toString(), printable(json.getText()));
                }
            }
        }
        return claims;
    }

    private static String printable(String text) {
        return (text.length() > LONGEST ? text.substring(0, LONGEST) + "..." : text).replaceAll("[^\\x20-\\x7e]", "?");
    }

    private static String validity(@Nullable String seconds, Instant now) {
        if (seconds == null) {
            return "doesn't expire";
        }
        if (!seconds.matches("[0-9]{1,11}")) {
            return "has an expiry that can't be read";
        }
        Instant end = Instant.ofEpochSecond(Long.parseLong(seconds));
        return (end.isAfter(now) ? "expires at " : "expired at ") + end;
    }
}

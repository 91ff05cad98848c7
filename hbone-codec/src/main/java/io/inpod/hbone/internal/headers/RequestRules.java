package io.inpod.hbone.internal.headers;

import io.inpod.hbone.Authority;
import io.inpod.hbone.Header;
import io.inpod.hbone.internal.headers.HeaderCodec.Field;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks a CONNECT request (RFC 9113 section 8.5). */
public final class RequestRules {
    private RequestRules() {}

    /** A well-formed request; the authority is null if the method isn't CONNECT. */
    public record Request(@Nullable Authority authority, List<Header> headers) {}

    /** Checks a header list. */
    public static Request check(List<Field> fields) throws StreamError {
        String method = null;
        String authority = null;
        String scheme = null;
        String path = null;
        List<Header> headers = new ArrayList<>(fields.size());
        for (Field field : fields) {
            if (!field.name().startsWith(":")) {
                headers.add(header(field));
                continue;
            }
            if (!headers.isEmpty()) {
                throw StreamError.protocol("pseudo-header after an ordinary one");
            }
            switch (field.name()) {
                case ":method" -> method = once(method, field);
                case ":authority" -> authority = once(authority, field);
                case ":scheme" -> scheme = once(scheme, field);
                case ":path" -> path = once(path, field);
                default -> throw StreamError.protocol("unknown pseudo-header");
            }
        }
        if (method == null) {
            throw StreamError.protocol("no :method");
        }
        if (!method.equals("CONNECT")) {
            if (scheme == null || path == null || path.isEmpty()) {
                throw StreamError.protocol("no :scheme or no :path");
            }
            return new Request(null, headers);
        }
        if (scheme != null || path != null || authority == null) {
            throw StreamError.protocol("a CONNECT request has :method and :authority, nothing else");
        }
        try {
            return new Request(Authority.parse(authority), headers);
        } catch (IllegalArgumentException e) {
            throw StreamError.protocol("malformed :authority");
        }
    }

    static Header header(Field field) throws StreamError {
        try {
            return new Header(field.name(), field.value());
        } catch (IllegalArgumentException e) {
            throw StreamError.protocol(String.valueOf(e.getMessage()));
        }
    }

    private static String once(@Nullable String before, Field field) throws StreamError {
        if (before != null) {
            throw StreamError.protocol("duplicate " + field.name());
        }
        return field.value();
    }
}

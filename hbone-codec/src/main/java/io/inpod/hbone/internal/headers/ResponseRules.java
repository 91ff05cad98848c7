package io.inpod.hbone.internal.headers;

import io.inpod.hbone.Header;
import io.inpod.hbone.internal.headers.HeaderCodec.Field;
import java.util.ArrayList;
import java.util.List;

/** Checks an answer, which has exactly one pseudo-header, {@code :status} (RFC 9113 section 8.3.2). */
public final class ResponseRules {
    private ResponseRules() {}

    /** A well-formed answer. */
    public record Response(int status, List<Header> headers) {}

    /** Checks a header list. */
    public static Response check(List<Field> fields) throws StreamError {
        int status = 0;
        List<Header> headers = new ArrayList<>(fields.size());
        for (Field field : fields) {
            if (!field.name().startsWith(":")) {
                headers.add(RequestRules.header(field));
            } else if (status != 0 || !headers.isEmpty() || !field.name().equals(":status") || !isStatus(field.value())) {
                throw StreamError.protocol("malformed answer");
            } else {
                status = Integer.parseInt(field.value());
            }
        }
        if (status == 0 || status == 101) {
            throw StreamError.protocol(status == 0 ? "no :status" : "status 101");
        }
        return new Response(status, headers);
    }

    private static boolean isStatus(String value) {
        return value.length() == 3 && value.charAt(0) >= '1' && value.charAt(0) <= '9' && isDigit(value.charAt(1))
                && isDigit(value.charAt(2));
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}

package io.inpod.hbone;

import java.util.List;

/**
 * What a client asks for: {@code :method} and {@code :authority}, followed by the headers in the order given.
 *
 * @param authority where the tunnel shall lead
 * @param headers further headers, for example {@code baggage}, {@code forwarded}, {@code traceparent}
 */
public record ConnectRequest(Authority authority, List<Header> headers) {
    /**
     * Copies the list.
     *
     * @param authority where the tunnel shall lead
     * @param headers further headers, for example {@code baggage}, {@code forwarded}, {@code traceparent}
     */
    public ConnectRequest {
        headers = List.copyOf(headers);
    }
}

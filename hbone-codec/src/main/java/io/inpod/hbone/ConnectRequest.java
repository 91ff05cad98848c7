package io.inpod.hbone;

import java.util.List;

/**
 * A client's request: {@code :method} and {@code :authority} are sent first, then the headers in the given order.
 *
 * @param authority the tunnel's destination
 * @param headers further headers, for example {@code baggage}, {@code forwarded}, {@code traceparent}
 */
public record ConnectRequest(Authority authority, List<Header> headers) {
    /**
     * Copies the list.
     *
     * @param authority see {@link #authority()}
     * @param headers see {@link #headers()}
     */
    public ConnectRequest {
        headers = List.copyOf(headers);
    }
}

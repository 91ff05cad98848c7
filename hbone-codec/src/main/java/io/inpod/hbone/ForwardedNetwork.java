package io.inpod.hbone;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An {@code x-forwarded-network} header: the network that a request comes from, in the inner request of "double HBONE".
 *
 * @param network its name: 1 to 253 visible ASCII characters
 */
public record ForwardedNetwork(String network) {
    /** The header's name. */
    public static final String NAME = "x-forwarded-network";

    private static final Pattern NETWORK = Pattern.compile("[!-~]{1,253}");

    /**
     * Checks the name.
     *
     * @param network its name: 1 to 253 visible ASCII characters
     * @throws IllegalArgumentException if it isn't like that
     */
    public ForwardedNetwork {
        if (!NETWORK.matcher(network).matches()) {
            throw new IllegalArgumentException("not the name of a network: 1 to 253 visible ASCII characters");
        }
    }

    /**
     * Whether it is the same network; upper and lower case don't matter.
     *
     * @param other a network's name
     * @return whether it is
     */
    public boolean is(String other) {
        return network.equalsIgnoreCase(other);
    }

    /**
     * As a header.
     *
     * @return {@code x-forwarded-network}
     */
    public Header header() {
        return new Header(NAME, network);
    }

    /**
     * What a request says: never throws.
     *
     * @param headers of a request
     * @return empty if there isn't exactly one such header, or it isn't well-formed
     */
    public static Optional<ForwardedNetwork> of(List<Header> headers) {
        List<String> values = headers.stream().filter(h -> h.name().equals(NAME)).map(Header::value).toList();
        return values.size() == 1 && NETWORK.matcher(values.get(0)).matches() ? Optional.of(new ForwardedNetwork(values.get(0))) : Optional.empty();
    }
}

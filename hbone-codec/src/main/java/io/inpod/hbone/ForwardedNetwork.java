package io.inpod.hbone;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An {@code x-forwarded-network} header: the network from which the inner request of "double HBONE" comes.
 *
 * @param network the network's name: 1 to 253 visible ASCII characters
 */
public record ForwardedNetwork(String network) {
    /** The header's name. */
    public static final String NAME = "x-forwarded-network";

    private static final Pattern NETWORK = Pattern.compile("[!-~]{1,253}");

    /**
     * Checks the name.
     *
     * @param network see {@link #network()}
     * @throws IllegalArgumentException if the name is malformed
     */
    public ForwardedNetwork {
        if (!NETWORK.matcher(network).matches()) {
            throw new IllegalArgumentException("not the name of a network: 1 to 253 visible ASCII characters");
        }
    }

    /**
     * Compares with another name, ignoring case.
     *
     * @param other a network's name
     * @return whether it names the same network
     */
    public boolean is(String other) {
        return network.equalsIgnoreCase(other);
    }

    /**
     * Returns the header.
     *
     * @return {@code x-forwarded-network}
     */
    public Header header() {
        return new Header(NAME, network);
    }

    /**
     * Returns the network in a request's headers. Never throws.
     *
     * @param headers the headers of a request
     * @return empty if there isn't exactly one such header, or it isn't well-formed
     */
    public static Optional<ForwardedNetwork> of(List<Header> headers) {
        List<String> values = headers.stream().filter(h -> h.name().equals(NAME)).map(Header::value).toList();
        return values.size() == 1 && NETWORK.matcher(values.get(0)).matches() ? Optional.of(new ForwardedNetwork(values.get(0)))
                : Optional.empty();
    }
}

package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What an address has besides itself and its network, see ip-address(8). Begins with {@link #NONE}; the methods that begin with {@code
 * with} return copies.
 *
 * @param broadcast the broadcast address, or null; IPv4 only
 * @param label the label, which begins with the interface's name, of at most 15 bytes; null if it equals it; IPv4 only
 * @param scope a number of {@code /etc/iproute2/rt_scopes}, 0 to 255; {@link #USUAL_SCOPE} for the usual one
 * @param valid how long the address stays, up to 136 years, in whole seconds; null for ever. In a list: what is left
 * @param preferred how long it is used for new connections, no longer than it stays; null for ever
 * @param prefixRoute whether the kernel adds a route to the address's network
 * @param others what else a listed address has, in words, such as {@code "home"}: it can neither be added nor deleted
 */
public record AddressAttributes(
        @Nullable InetAddress broadcast,
        @Nullable String label,
        int scope,
        @Nullable Duration valid,
        @Nullable Duration preferred,
        boolean prefixRoute,
        Set<String> others) {
    /** The scope that {@code ip address} gives: host for 127.0.0.0/8, otherwise global. IPv6 derives it from the address. */
    public static final int USUAL_SCOPE = -1;

    /** Those of most addresses. */
    public static final AddressAttributes NONE = new AddressAttributes(null, null, USUAL_SCOPE, null, null, true, Set.of());

    private static final int HOST = 254;
    private static final int MOST_LABEL = 15;
    private static final long LONGEST = 0xfffffffeL;

    /**
     * Checks the values.
     *
     * @param broadcast see {@link AddressAttributes}
     * @param label see {@link AddressAttributes}
     * @param scope see {@link AddressAttributes}
     * @param valid see {@link AddressAttributes}
     * @param preferred see {@link AddressAttributes}
     * @param prefixRoute see {@link AddressAttributes}
     * @param others see {@link AddressAttributes}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public AddressAttributes {
        if (scope < USUAL_SCOPE || scope > 255) {
            throw new IllegalArgumentException("a scope is 0 to 255, not " + scope);
        }
        check("valid", valid);
        check("preferred", preferred);
        if (valid != null && (preferred == null || preferred.compareTo(valid) > 0)) {
            throw new IllegalArgumentException(
                    "preferred " + (preferred == null ? "for ever" : preferred) + " is longer than valid " + valid);
        }
        if (label != null && label.getBytes(StandardCharsets.UTF_8).length > MOST_LABEL) {
            throw new IllegalArgumentException("label is at most " + MOST_LABEL + " bytes long, unlike \"" + label + "\"");
        }
        others = Set.copyOf(others);
    }

    private static void check(String name, @Nullable Duration lifetime) {
        if (lifetime != null && (lifetime.isNegative() || lifetime.toSeconds() > LONGEST
                || !lifetime.equals(Duration.ofSeconds(lifetime.toSeconds())))) {
            throw new IllegalArgumentException(name + " is 0 to " + LONGEST + " whole seconds, not " + lifetime);
        }
    }

    /**
     * Sets the broadcast address.
     *
     * @param value an address of IPv4
     * @return a copy with it
     */
    public AddressAttributes withBroadcast(InetAddress value) {
        return new AddressAttributes(value, label, scope, valid, preferred, prefixRoute, others);
    }

    /**
     * Sets the label.
     *
     * @param value see {@link AddressAttributes}
     * @return a copy with it
     * @throws IllegalArgumentException if it is longer than 15 bytes
     */
    public AddressAttributes withLabel(String value) {
        return new AddressAttributes(broadcast, value, scope, valid, preferred, prefixRoute, others);
    }

    /**
     * Sets the scope.
     *
     * @param value see {@link AddressAttributes}
     * @return a copy with it
     * @throws IllegalArgumentException if it is out of range
     */
    public AddressAttributes withScope(int value) {
        return new AddressAttributes(broadcast, label, value, valid, preferred, prefixRoute, others);
    }

    /**
     * Limits how long the address stays.
     *
     * @param stays see {@code valid} of {@link AddressAttributes}
     * @param isPreferred see {@code preferred} of {@link AddressAttributes}
     * @return a copy with it
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public AddressAttributes withLifetimes(Duration stays, Duration isPreferred) {
        return new AddressAttributes(broadcast, label, scope, stays, isPreferred, prefixRoute, others);
    }

    /** {@return a copy for which the kernel adds no route to the address's network} */
    public AddressAttributes withoutPrefixRoute() {
        return new AddressAttributes(broadcast, label, scope, valid, preferred, false, others);
    }

    /** Whether it has something that the kernel ignores for IPv6. */
    boolean isOfV4() {
        return broadcast != null || label != null || scope != USUAL_SCOPE;
    }

    /** The scope's number for a request. */
    int scopeOf(InetAddress address) {
        return scope == USUAL_SCOPE ? usualScope(address) : scope;
    }

    static int usualScope(InetAddress address) {
        return IpFamily.of(address) == IpFamily.V4 && address.isLoopbackAddress() ? HOST : 0;
    }

    /** {@return the form that {@code ip address} accepts, with a space before each; empty if there are none} */
    @Override
    public String toString() {
        return (broadcast == null ? "" : " broadcast " + broadcast.getHostAddress())
                + (label == null ? "" : " label " + label)
                + (scope == USUAL_SCOPE ? "" : " scope " + scope)
                + (valid == null ? "" : " valid_lft " + valid.toSeconds())
                + (preferred == null ? "" : " preferred_lft " + preferred.toSeconds())
                + (prefixRoute ? "" : " noprefixroute")
                + (others.isEmpty() ? "" : " and " + String.join(", ", new TreeSet<>(others)));
    }
}

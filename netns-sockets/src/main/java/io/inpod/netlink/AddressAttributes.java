package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What an address has besides itself and its network, see ip-address(8).
 *
 * @param broadcast the broadcast address, or null; IPv4 only
 * @param label the label, which begins with the interface's name, or null if it equals it; IPv4 only
 * @param scope a number of {@code /etc/iproute2/rt_scopes}, 0 to 255; {@link #USUAL_SCOPE} for the usual one
 * @param valid how long the address stays, up to 136 years, in whole seconds; null for ever. In a list: what is left
 * @param preferred how long it is used for new connections; null for ever
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
        check(valid);
        check(preferred);
        others = Set.copyOf(others);
    }

    private static void check(@Nullable Duration lifetime) {
        if (lifetime != null && (lifetime.isNegative() || lifetime.toSeconds() > LONGEST)) {
            throw new IllegalArgumentException("a lifetime is 0 to " + LONGEST + " seconds, not " + lifetime);
        }
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

package io.inpod.netlink;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * One of the next hops of a route that has several, see {@code nexthop} in ip-route(8).
 *
 * @param gateway the next hop's address, or null if the destination is on the link
 * @param link name of the interface, or null to let the gateway decide
 * @param weight its share of the packets compared with the other hops, 1 to 256
 * @param onlink whether the gateway is on the link although no prefix of the link contains it
 */
public record NextHop(@Nullable InetAddress gateway, @Nullable String link, int weight, boolean onlink) {
    /**
     * Checks the values.
     *
     * @param gateway see {@link NextHop}
     * @param link see {@link NextHop}
     * @param weight see {@link NextHop}
     * @param onlink see {@link NextHop}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public NextHop {
        if (weight < 1 || weight > 256) {
            throw new IllegalArgumentException("a weight is 1 to 256, not " + weight);
        }
    }

    /**
     * Returns a next hop with the weight 1.
     *
     * @param gateway its address
     * @return the next hop, on the link that the gateway decides
     */
    public static NextHop via(InetAddress gateway) {
        return new NextHop(gateway, null, 1, false);
    }

    NextHop withLink(@Nullable String value) {
        return new NextHop(gateway, value, weight, onlink);
    }

    /** {@return the form that {@code ip route} prints} */
    @Override
    public String toString() {
        return (gateway == null ? "" : " via " + gateway.getHostAddress()).concat(link == null ? "" : " dev " + link)
                .concat(onlink ? " onlink" : "").concat(weight == 1 ? "" : " weight " + weight).strip();
    }
}

package io.inpod.tproxy.upstream;

import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.SocketOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How an {@link UpstreamConnector} connects. Immutable.
 *
 * @param sockets options of all its sockets. The connector adds the options that spoofing needs, and ignores the family, which the
 *     destination determines, and SO_REUSEPORT, which is for listeners. Without the proxy's {@link LinuxSocketOptions#MARK} its connections
 *     would be redirected to itself
 * @param policy whether to connect from the client's address
 * @param ports source ports of spoofed connections; null for {@link PortRange#DEFAULT} or, if the namespace leaves none of them, its own
 *     {@code net.ipv4.ip_local_port_range}, which is for clients that connect through tunnels, see {@link UpstreamConnector}
 * @param connectTimeout how long connecting may take, 1 to 2³¹-1 milliseconds
 */
public record UpstreamOptions(SocketOptions sockets, SpoofPolicy policy, @Nullable PortRange ports, Duration connectTimeout) {
    /** No mark; keepalive after 180 seconds, nine times; spoofing is required, from {@link PortRange#DEFAULT}; ten seconds to connect. */
    public static final UpstreamOptions DEFAULT = new UpstreamOptions(
            SocketOptions.NONE.withKeepalive(Duration.ofSeconds(180), Duration.ofSeconds(180), 9),
            SpoofPolicy.REQUIRE, PortRange.DEFAULT, Duration.ofSeconds(10));

    /**
     * Checks the ranges.
     *
     * @param sockets see {@link UpstreamOptions}
     * @param policy see {@link UpstreamOptions}
     * @param ports see {@link UpstreamOptions}
     * @param connectTimeout see {@link UpstreamOptions}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public UpstreamOptions {
        if (connectTimeout.toMillis() < 1 || connectTimeout.toMillis() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("connectTimeout must be 1 to 2³¹-1 ms, not " + connectTimeout);
        }
        sockets = sockets.withFamily(null).without(LinuxSocketOptions.REUSE_PORT).without(LinuxSocketOptions.DUAL_STACK);
    }

    /**
     * Returns options with other socket options.
     *
     * @param value see {@link UpstreamOptions}
     * @return a copy with these socket options
     */
    public UpstreamOptions withSockets(SocketOptions value) {
        return new UpstreamOptions(value, policy, ports, connectTimeout);
    }

    /**
     * Returns options with another policy.
     *
     * @param value see {@link UpstreamOptions}
     * @return a copy with this policy
     */
    public UpstreamOptions withPolicy(SpoofPolicy value) {
        return new UpstreamOptions(sockets, value, ports, connectTimeout);
    }

    /**
     * Returns options with other source ports of spoofed connections.
     *
     * @param value see {@link UpstreamOptions}
     * @return a copy with these ports
     */
    public UpstreamOptions withPorts(@Nullable PortRange value) {
        return new UpstreamOptions(sockets, policy, value, connectTimeout);
    }

    /**
     * Returns options with another time limit for connecting.
     *
     * @param value see {@link UpstreamOptions}
     * @return a copy with this limit
     */
    public UpstreamOptions withConnectTimeout(Duration value) {
        return new UpstreamOptions(sockets, policy, ports, value);
    }
}

package io.inpod.tproxy.upstream;

import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.SocketOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How an {@link UpstreamConnector} connects. Immutable.
 *
 * @param sockets of all its sockets; it adds what spoofing needs, and leaves out the family, which the destination decides, and
 *     SO_REUSEPORT, which is for listeners. Without the proxy's {@link LinuxSocketOptions#MARK} its connections would be redirected to
 *     itself
 * @param policy what to do about the client's address
 * @param ports source ports of spoofed connections; null to let the kernel choose when it connects (IP_BIND_ADDRESS_NO_PORT), which is
 *     only safe if clients come through tunnels, see {@link UpstreamConnector}
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
     * Changes the options of the sockets.
     *
     * @param value see {@link UpstreamOptions}
     * @return options with these, otherwise like these
     */
    public UpstreamOptions withSockets(SocketOptions value) {
        return new UpstreamOptions(value, policy, ports, connectTimeout);
    }

    /**
     * Changes what to do about the client's address.
     *
     * @param value see {@link UpstreamOptions}
     * @return options with that policy, otherwise like these
     */
    public UpstreamOptions withPolicy(SpoofPolicy value) {
        return new UpstreamOptions(sockets, value, ports, connectTimeout);
    }

    /**
     * Changes the source ports of spoofed connections.
     *
     * @param value see {@link UpstreamOptions}
     * @return options with these ports, otherwise like these
     */
    public UpstreamOptions withPorts(@Nullable PortRange value) {
        return new UpstreamOptions(sockets, policy, value, connectTimeout);
    }

    /**
     * Changes how long connecting may take.
     *
     * @param value the time, 1 to 2³¹-1 milliseconds
     * @return options with that time, otherwise like these
     */
    public UpstreamOptions withConnectTimeout(Duration value) {
        return new UpstreamOptions(sockets, policy, ports, value);
    }
}

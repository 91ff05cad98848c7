package io.inpod.hbone.forward;

import io.inpod.hbone.TunnelRequest;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Decides which app a tunnel leads to. The client chooses the request's authority freely, so an implementation that connects to whatever is
 * asked for is an open proxy into its own network.
 */
@FunctionalInterface
public interface Destinations {
    /**
     * Returns the address of the app. Called on the connection's event loop; must not block.
     *
     * @param request the request, with its authority and its client's verified identity; must not be answered here
     * @return a resolved address, or null to refuse the request with status 401
     */
    @Nullable
    InetSocketAddress of(TunnelRequest request);
}

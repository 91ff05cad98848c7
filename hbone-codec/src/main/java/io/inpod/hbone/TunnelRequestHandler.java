package io.inpod.hbone;

/** Accepts or refuses CONNECT requests. */
@FunctionalInterface
public interface TunnelRequestHandler {
    /**
     * A well-formed CONNECT request has arrived. Called on the connection's event loop; must not block. The answer may follow later, on the
     * same event loop. If this method throws, the request is refused with status 500.
     *
     * @param request the request
     */
    void onConnect(TunnelRequest request);
}

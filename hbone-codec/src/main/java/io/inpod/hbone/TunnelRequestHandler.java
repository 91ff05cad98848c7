package io.inpod.hbone;

/** Decides about CONNECT requests. */
@FunctionalInterface
public interface TunnelRequestHandler {
    /**
     * A well-formed CONNECT request came in. Called on the connection's event loop; must not block. The answer may be given later, on the same
     * event loop. If this method throws, the request is refused with status 500.
     *
     * @param request the request
     */
    void onConnect(TunnelRequest request);
}

/**
 * HBONE: tunnels for TCP byte streams, as HTTP/2 CONNECT (RFC 9113 section 8.5) over mutual TLS 1.3 with SPIFFE identities.
 *
 * <p>A tunnel is a Netty channel ({@link io.inpod.hbone.TunnelChannel}) of {@code ByteBuf} that half-closes, resets and applies
 * back-pressure like a TCP socket. This package holds what clients and servers share: tunnels, requests and their headers, options, and
 * events. Clients open tunnels with {@code io.inpod.hbone.client}, servers accept them with {@code io.inpod.hbone.server}, and both get
 * their certificates from {@code io.inpod.hbone.identity}.
 */
@NullMarked
package io.inpod.hbone;

import org.jspecify.annotations.NullMarked;

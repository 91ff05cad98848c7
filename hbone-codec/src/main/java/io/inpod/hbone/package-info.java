/**
 * HBONE: tunnels for TCP byte streams, made of HTTP/2 CONNECT (RFC 9113 section 8.5) over mutual TLS 1.3 with SPIFFE identities.
 *
 * <p>A tunnel is a Netty channel ({@link io.inpod.hbone.TunnelChannel}) of {@code ByteBuf} that half-closes, resets and pushes back
 * like a TCP socket. Clients open tunnels through an {@link io.inpod.hbone.HbonePool}, servers answer requests with an
 * {@link io.inpod.hbone.HboneServer}. This package starts no thread: everything runs on the event loops that the caller gives.
 */
@NullMarked
package io.inpod.hbone;

import org.jspecify.annotations.NullMarked;

/**
 * For clients and servers that know only sockets. {@link io.inpod.hbone.forward.PortForwarder} leads connections to a local port through
 * tunnels; {@link io.inpod.hbone.forward.AppConnector} leads tunnels to apps. Both relay with {@link io.inpod.tproxy.relay.Relay}: each
 * side sees what it would see without the tunnel. This package starts no thread.
 */
@NullMarked
package io.inpod.hbone.forward;

import org.jspecify.annotations.NullMarked;

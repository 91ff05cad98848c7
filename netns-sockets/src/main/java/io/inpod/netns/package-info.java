/**
 * Network namespaces as values: open one, create sockets inside it from any platform thread, and hand it to another process.
 *
 * <p>A socket belongs for ever to the network namespace in which it was created; everything else (binding, connecting, reading,
 * writing) may happen on any thread. {@link io.inpod.netns.NetworkNamespace#call} therefore switches the calling thread for just
 * as long as it takes to create the socket, see network_namespaces(7) and setns(2).
 */
@NullMarked
package io.inpod.netns;

import org.jspecify.annotations.NullMarked;

/**
 * Network namespaces as values: open one, create sockets inside it from any platform thread, and pass it to another process.
 *
 * <p>A socket always belongs to the network namespace in which it was created. Everything else (binding, connecting, reading, writing) may
 * happen on any thread. {@link io.inpod.netns.NetworkNamespace#call} therefore switches the calling thread only while the socket is
 * created, see network_namespaces(7) and setns(2).
 */
@NullMarked
package io.inpod.netns;

import org.jspecify.annotations.NullMarked;

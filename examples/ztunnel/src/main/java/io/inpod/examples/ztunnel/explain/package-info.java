/**
 * Says what the proxy would do with a connection, and what a new configuration would change, before it happens. Walks through the same
 * decisions as the data path ({@code route}, {@code policy}, {@code dns}), for a file or inside a running proxy.
 */
@NullMarked
package io.inpod.examples.ztunnel.explain;

import org.jspecify.annotations.NullMarked;

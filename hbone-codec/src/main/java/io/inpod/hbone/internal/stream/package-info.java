/**
 * Streams: their table, their state and its changes, flow control in both directions, and the channel that a stream becomes. Uses
 * {@code internal.frames} and {@code internal.headers}, and knows only {@code Streams.Listener} of the connection above it.
 */
@NullMarked
package io.inpod.hbone.internal.stream;

import org.jspecify.annotations.NullMarked;

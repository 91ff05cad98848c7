/**
 * Streams: their table, their state and how it changes, flow control in both directions, and the channel that a stream becomes. Stands on
 * {@code internal.frames} and {@code internal.headers}; knows nothing of the connection above it except {@code Streams.Listener}.
 */
@NullMarked
package io.inpod.hbone.internal.stream;

import org.jspecify.annotations.NullMarked;

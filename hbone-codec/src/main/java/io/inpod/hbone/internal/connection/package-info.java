/**
 * One HTTP/2 connection: what each inbound frame does, settings, liveness, limits against hostile peers, and the differences between client
 * and server. A frame's way leads downwards: {@code FrameReader} (internal.frames) calls {@code InboundFrames}, which passes the frame to
 * {@code DataFrames}, {@code StreamFrames} or {@code ConnectionFrames}; these call {@code Streams} and the windows (internal.stream).
 */
@NullMarked
package io.inpod.hbone.internal.connection;

import org.jspecify.annotations.NullMarked;

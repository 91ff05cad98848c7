/**
 * One HTTP/2 connection: the effects of each inbound frame, settings, liveness, limits against hostile peers, and the differences between
 * client and server. Frames are passed downwards: {@code FrameReader} (internal.frames) calls {@code InboundFrames}, which passes the frame
 * to {@code DataFrames}, {@code StreamFrames} or {@code ConnectionFrames}; these call {@code Streams} and the windows (internal.stream).
 */
@NullMarked
package io.inpod.hbone.internal.connection;

import org.jspecify.annotations.NullMarked;

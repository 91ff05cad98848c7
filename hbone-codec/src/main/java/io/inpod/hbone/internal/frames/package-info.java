/**
 * HTTP/2 frames (RFC 9113 sections 4 and 6): bytes to frames, frames to bytes, and frames as text. The lowest layer of the HTTP/2
 * implementation, which doesn't know about streams.
 */
@NullMarked
package io.inpod.hbone.internal.frames;

import org.jspecify.annotations.NullMarked;

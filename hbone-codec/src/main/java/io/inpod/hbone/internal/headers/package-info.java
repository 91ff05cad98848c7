/** Header lists: HPACK, and the rules for a CONNECT request and its answer. Uses {@code internal.frames}. */
@NullMarked
package io.inpod.hbone.internal.headers;

import org.jspecify.annotations.NullMarked;

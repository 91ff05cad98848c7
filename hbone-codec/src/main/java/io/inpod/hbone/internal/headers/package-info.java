/** Header lists: HPACK, and what a CONNECT request and its answer must consist of. Stands on {@code internal.frames}. */
@NullMarked
package io.inpod.hbone.internal.headers;

import org.jspecify.annotations.NullMarked;

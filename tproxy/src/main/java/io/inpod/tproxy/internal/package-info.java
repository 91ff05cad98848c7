/** Internals that the other packages share; not API. */
@NullMarked
package io.inpod.tproxy.internal;

import org.jspecify.annotations.NullMarked;

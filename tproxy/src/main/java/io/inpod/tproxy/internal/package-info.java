/** Not API: what the other packages share. */
@NullMarked
package io.inpod.tproxy.internal;

import org.jspecify.annotations.NullMarked;

/** Test vectors for header lists. */
@NullMarked
package io.inpod.hbone.internal.headers;

import org.jspecify.annotations.NullMarked;

/** Tests of the parts of a stream. */
@NullMarked
package io.inpod.hbone.internal.stream;

import org.jspecify.annotations.NullMarked;

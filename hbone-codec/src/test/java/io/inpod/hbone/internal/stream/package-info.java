/** Tests of what a stream consists of. */
@NullMarked
package io.inpod.hbone.internal.stream;

import org.jspecify.annotations.NullMarked;

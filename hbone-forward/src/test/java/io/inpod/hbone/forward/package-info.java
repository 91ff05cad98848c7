/** Tests of forwarding. */
@NullMarked
package io.inpod.hbone.forward;

import org.jspecify.annotations.NullMarked;

/** Tests' access to what isn't API. */
@NullMarked
package io.inpod.hbone.internal;

import org.jspecify.annotations.NullMarked;

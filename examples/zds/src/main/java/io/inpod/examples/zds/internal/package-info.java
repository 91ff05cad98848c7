/** Messages; not API. */
@NullMarked
package io.inpod.examples.zds.internal;

import org.jspecify.annotations.NullMarked;

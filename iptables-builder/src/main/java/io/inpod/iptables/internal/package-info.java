/** Pieces of text that the model, the renderers and the back ends share; not API. */
@NullMarked
package io.inpod.iptables.internal;

import org.jspecify.annotations.NullMarked;

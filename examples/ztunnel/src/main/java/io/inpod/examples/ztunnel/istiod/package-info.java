/** Connections to the control plane: whom they trust, what they are authorized by, and how a dead one is noticed. */
@NullMarked
package io.inpod.examples.ztunnel.istiod;

import org.jspecify.annotations.NullMarked;

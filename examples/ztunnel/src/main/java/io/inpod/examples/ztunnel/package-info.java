/** A node proxy for Istio ambient mode, which serves the pods that a node agent hands over. */
@NullMarked
package io.inpod.examples.ztunnel;

import org.jspecify.annotations.NullMarked;

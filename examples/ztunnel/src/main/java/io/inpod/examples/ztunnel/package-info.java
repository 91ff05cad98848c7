/** A node proxy for Istio ambient mode: serves the pods that a node agent hands to it. */
@NullMarked
package io.inpod.examples.ztunnel;

import org.jspecify.annotations.NullMarked;

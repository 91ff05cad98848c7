/** The messages and methods by which a node proxy speaks to Istio's control plane. The messages are generated. */
@NullMarked
package io.inpod.examples.istio;

import org.jspecify.annotations.NullMarked;

/** What the connections of pods are counted as, with the names and labels of Istio's metrics, and which of them are open. */
@NullMarked
package io.inpod.examples.ztunnel.traffic;

import org.jspecify.annotations.NullMarked;

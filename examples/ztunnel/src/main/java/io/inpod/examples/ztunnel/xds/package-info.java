/** The mesh as a control plane describes it, over Istio's delta xDS: one stream, on which it sends what changes. */
@NullMarked
package io.inpod.examples.ztunnel.xds;

import org.jspecify.annotations.NullMarked;

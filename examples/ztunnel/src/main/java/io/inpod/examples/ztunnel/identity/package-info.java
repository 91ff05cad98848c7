/** The certificates of the pods on this node, as they are known here. */
@NullMarked
package io.inpod.examples.ztunnel.identity;

import org.jspecify.annotations.NullMarked;

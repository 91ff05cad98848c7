/** The session with the node agent, and the pods that are served because of its requests. */
@NullMarked
package io.inpod.examples.ztunnel.inpod;

import org.jspecify.annotations.NullMarked;

/** Which pods there are: the session with the node agent and what follows from its requests. */
@NullMarked
package io.inpod.examples.ztunnel.inpod;

import org.jspecify.annotations.NullMarked;

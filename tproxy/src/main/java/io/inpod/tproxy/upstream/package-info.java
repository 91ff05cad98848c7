/** Connections from a network namespace to servers, from the client's address or from one of the namespace's own. */
@NullMarked
package io.inpod.tproxy.upstream;

import org.jspecify.annotations.NullMarked;

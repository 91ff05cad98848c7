/** Other processes that have ports of the proxy in a pod: found, named, and reported. */
@NullMarked
package io.inpod.examples.ztunnel.ports;

import org.jspecify.annotations.NullMarked;

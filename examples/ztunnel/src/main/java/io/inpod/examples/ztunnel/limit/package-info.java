/**
 * What pods and their clients may take of the proxy and of the kernel's memory, and what happens when they have their share. The shares
 * themselves are {@link io.inpod.tproxy.share}.
 */
@NullMarked
package io.inpod.examples.ztunnel.limit;

import org.jspecify.annotations.NullMarked;

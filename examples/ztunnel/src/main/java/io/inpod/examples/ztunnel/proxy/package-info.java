/** What happens to connections: one object per pod, with its listeners. */
@NullMarked
package io.inpod.examples.ztunnel.proxy;

import org.jspecify.annotations.NullMarked;

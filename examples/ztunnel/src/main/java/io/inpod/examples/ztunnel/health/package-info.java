/** Whether the proxy is ready, and what it has counted, over HTTP, for whoever supervises it. */
@NullMarked
package io.inpod.examples.ztunnel.health;

import org.jspecify.annotations.NullMarked;

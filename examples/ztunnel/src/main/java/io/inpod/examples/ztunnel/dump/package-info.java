/** What the proxy knows, as the JSON that {@code istioctl ztunnel-config} reads. */
@NullMarked
package io.inpod.examples.ztunnel.dump;

import org.jspecify.annotations.NullMarked;

/**
 * Serves the connections of pods: {@code PodProxy} has the listeners of one pod, each a {@code PodListener}, and {@code PodContext} has
 * what its connections share.
 */
@NullMarked
package io.inpod.examples.ztunnel.proxy;

import org.jspecify.annotations.NullMarked;

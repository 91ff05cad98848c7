/** A real Kubernetes node, or containerd alone, in a sandbox on this machine: the scripts in {@code cluster/} as values. */
@NullMarked
package io.inpod.examples.cluster;

import org.jspecify.annotations.NullMarked;

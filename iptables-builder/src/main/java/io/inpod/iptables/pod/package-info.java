/** Ready-made rule sets: the rules of a pod in the mesh, and those of the node for the kubelet's health probes. */
@NullMarked
package io.inpod.iptables.pod;

import org.jspecify.annotations.NullMarked;

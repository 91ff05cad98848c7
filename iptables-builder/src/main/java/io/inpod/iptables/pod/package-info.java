/** Ready-made rule sets: the rules of a pod in the mesh, and those of the node for the probes of the kubelet. */
@NullMarked
package io.inpod.iptables.pod;

import org.jspecify.annotations.NullMarked;

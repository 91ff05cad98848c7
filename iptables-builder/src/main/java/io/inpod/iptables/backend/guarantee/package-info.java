/** Tries the guarantees of a pod's rules with packets, in a twin of the pod. */
@NullMarked
package io.inpod.iptables.backend.guarantee;

import org.jspecify.annotations.NullMarked;

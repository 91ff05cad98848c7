/** Tries with packets what the rules of a pod guarantee. */
@NullMarked
package io.inpod.iptables.backend.guarantee;

import org.jspecify.annotations.NullMarked;

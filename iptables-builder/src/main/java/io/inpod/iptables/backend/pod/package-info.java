/** Applies, verifies and removes the rules of {@link io.inpod.iptables.pod}. */
@NullMarked
package io.inpod.iptables.backend.pod;

import org.jspecify.annotations.NullMarked;

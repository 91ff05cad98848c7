/** The relay: carries bytes both ways between two channels, with back-pressure, half-close and resets. */
@NullMarked
package io.inpod.tproxy.relay;

import org.jspecify.annotations.NullMarked;

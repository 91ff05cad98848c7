/**
 * Transparent proxying on Linux: where a redirected client really wanted to go, connections that keep the client's address, the
 * routing that brings answers back, and a relay between two channels.
 *
 * <p>The kernel's side is described in ip(7), tcp(7), ip-rule(8) and the kernel's Documentation/networking/tproxy.rst.
 */
@NullMarked
package io.inpod.tproxy;

import org.jspecify.annotations.NullMarked;

/**
 * Transparent proxying on Linux. This package has addresses, the original destination of a redirected connection, the routing that brings
 * answers back, and redirection as a whole. {@code listen} accepts connections, {@code upstream} opens them with the client's address,
 * {@code relay} joins two of them, and {@code udp} does all that for datagrams. These packages use this one, {@code upstream} uses
 * {@code listen}, and there are no other dependencies between them.
 *
 * <p>For the kernel's side see ip(7), tcp(7), ip-rule(8) and the kernel's Documentation/networking/tproxy.rst.
 */
@NullMarked
package io.inpod.tproxy;

import org.jspecify.annotations.NullMarked;

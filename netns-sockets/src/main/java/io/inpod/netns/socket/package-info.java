/**
 * Sockets created inside a network namespace: Netty and JDK channels, datagram and packet sockets, and the socket options that they
 * are created with.
 */
@NullMarked
package io.inpod.netns.socket;

import org.jspecify.annotations.NullMarked;

/**
 * Sockets created inside a network namespace: Netty and JDK channels, datagram and packet sockets, and the socket options that they
 * are created with.
 *
 * <p>The package is this large because all kinds of channels and bare sockets share how options are encoded, set and read, which only they
 * may see.
 */
@NullMarked
package io.inpod.netns.socket;

import org.jspecify.annotations.NullMarked;

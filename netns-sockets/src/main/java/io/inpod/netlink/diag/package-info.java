/**
 * The sockets of a namespace, whichever process they belong to: what {@code ss} lists, filtered by the kernel, and ended by it. See
 * sock_diag(7).
 *
 * <pre>{@code
 * try (SocketDiag sockets = SocketDiag.open(pod)) {
 *     SocketQuery slow = SocketQuery.tcp().in(SocketState.ESTABLISHED).where(SocketFilter.remotePort(5432)).withTcpInfo();
 *     for (InetSocket socket : sockets.list(slow)) {
 *         System.out.println(socket.remote() + " " + socket.tcpInfo().roundTrip());
 *     }
 * }
 * }</pre>
 */
@NullMarked
package io.inpod.netlink.diag;

import org.jspecify.annotations.NullMarked;

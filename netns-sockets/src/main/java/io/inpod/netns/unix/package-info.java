/** Unix sockets, of type {@code SOCK_SEQPACKET} or {@code SOCK_STREAM}, that carry file descriptors; see unix(7). */
@NullMarked
package io.inpod.netns.unix;

import org.jspecify.annotations.NullMarked;

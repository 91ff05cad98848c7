package io.inpod.netns.unix;

/**
 * The identity of the peer of a unix socket, as the kernel recorded it when the connection was established; see SO_PEERCRED in unix(7).
 *
 * @param pid process id as this process sees it; 0 if it can't see the peer
 * @param uid effective user id as this process's user namespace sees it
 * @param gid effective group id as this process's user namespace sees it
 */
public record PeerCredentials(int pid, int uid, int gid) {}

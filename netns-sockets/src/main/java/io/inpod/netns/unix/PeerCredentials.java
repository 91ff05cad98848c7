package io.inpod.netns.unix;

/**
 * Who is at the other end of a unix socket, as the kernel recorded it when the connection was made; see SO_PEERCRED in unix(7).
 *
 * @param pid process id as this process sees it, 0 if it can't
 * @param uid effective user id as this process's user namespace sees it
 * @param gid effective group id, likewise
 */
public record PeerCredentials(int pid, int uid, int gid) {}

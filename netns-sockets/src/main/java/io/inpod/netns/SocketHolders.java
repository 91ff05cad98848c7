package io.inpod.netns;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The processes that have certain sockets open, as far as a search of {@code /proc} has found them.
 *
 * @param byInode the processes that were found, by the socket's inode; sockets of which none was found are left out
 * @param complete false if the search ended at a limit, so that others may have the sockets open too
 */
public record SocketHolders(Map<Long, List<Holder>> byInode, boolean complete) {
    /** How many links of {@code /proc} a search reads: one for each process, and one for each descriptor. */
    public static final int MOST_LINKS = 100_000;
    /** How long a search takes. */
    public static final Duration LONGEST = Duration.ofSeconds(2);

    /**
     * A process that has a socket open.
     *
     * @param pid the process, as this process sees it
     * @param program its name (comm), see proc_pid_comm(5)
     */
    public record Holder(long pid, String program) {}

    /**
     * Creates an immutable value.
     *
     * @param byInode the processes that were found
     * @param complete whether the search was complete
     */
    public SocketHolders {
        byInode = Map.copyOf(byInode);
    }

    /**
     * Searches {@code /proc} for the processes that have any of several sockets open. It is meant for diagnosis, and blocks: it reads one
     * link for each descriptor on the machine, but at most {@value #MOST_LINKS} and for {@link #LONGEST}, as a process can have any
     * number of them. Processes that this process doesn't see or may not inspect (ptrace(2), "Ptrace access mode checking") are missed.
     *
     * @param namespace the sockets' namespace: its processes are searched first, and others only for those sockets that none of them has;
     *        may be closed
     * @param inodes the sockets' inodes; nothing is found for 0, which means that no process has the socket open
     * @return the processes that were found
     */
    public static SocketHolders search(NetworkNamespace namespace, Set<Long> inodes) {
        return new SocketSearch(namespace.identity(), MOST_LINKS, LONGEST).run(inodes);
    }

    /**
     * Returns the processes that have a socket open.
     *
     * @param inode the socket's inode
     * @return those that were found; empty if there are none
     */
    public List<Holder> of(long inode) {
        return byInode.getOrDefault(inode, List.of());
    }
}

package io.inpod.netns;

/**
 * A process that has a socket open, see {@link SocketHolders}.
 *
 * @param pid the process, as this process sees it
 * @param program its name (comm), see proc_pid_comm(5)
 */
public record SocketHolder(long pid, String program) {
}

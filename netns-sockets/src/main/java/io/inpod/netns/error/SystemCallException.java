package io.inpod.netns.error;

import java.io.IOException;

/**
 * Thrown when a system call fails. Carries the call, what it was applied to, and the kernel's errno as symbol and number, see errno(3).
 * Where the JDK has an exception that callers catch, a subclass of that one is thrown instead; it is a {@link SystemCallFailure} too.
 */
public class SystemCallException extends IOException implements SystemCallFailure {
    private static final long serialVersionUID = 1L;

    /** The system call. */
    private final String operation;

    /** The object of the call. */
    private final String subject;

    /** The error number. */
    private final int errno;

    /** The error's name. */
    private final String symbol;

    /**
     * Describes a failed system call.
     *
     * @param operation the call, such as {@code "setns"}
     * @param subject what it was applied to, in words
     * @param errno the error number, greater than 0
     * @param symbol the error's name, such as {@code "EPERM"}
     * @param explanation the error in words
     */
    public SystemCallException(String operation, String subject, int errno, String symbol, String explanation) {
        super(operation + " on " + subject + " failed: " + explanation + " (" + symbol + ", " + errno + ")"
                + advice(operation, subject, symbol));
        this.operation = operation;
        this.subject = subject;
        this.errno = errno;
        this.symbol = symbol;
    }

    private static String advice(String operation, String subject, String symbol) {
        return switch (symbol) {
            case "EPERM" -> switch (operation) {
                case "setns", "unshare", "mount", "umount2" -> "; this needs CAP_SYS_ADMIN in the user namespace that owns the namespace"
                        + " (run as root, or everything inside `unshare -Ur`); io.inpod.netns.doctor.Doctor reports what is missing";
                case "open" -> "";
                default -> "; this needs CAP_NET_ADMIN or CAP_NET_RAW in the user namespace that owns the network namespace;"
                        + " io.inpod.netns.doctor.Doctor reports which is missing";
            };
            case "ENOENT" -> subject.startsWith("/proc/thread-self/") ? "; is /proc mounted?"
                    : subject.startsWith("/proc/") ? "; there is no such process or thread, or it has ended" : "";
            case "EACCES" -> subject.startsWith("/proc/")
                    ? "; inspecting another user's process needs CAP_SYS_PTRACE, see ptrace(2), \"Ptrace access mode checking\"" : "";
            case "ENOSPC" -> operation.equals("unshare") ? "; user.max_net_namespaces allows no more, see namespaces(7)" : "";
            case "EMSGSIZE" ->
                operation.equals("send(AF_NETLINK)") ? "; the message is larger than the socket's send buffer may grow without"
                        + " CAP_NET_ADMIN in the initial user namespace: raise net.core.wmem_max" : "";
            case "EMFILE" -> "; this process has as many files open as RLIMIT_NOFILE allows (ulimit -n)";
            case "ENFILE" -> "; the system has as many files open as fs.file-max allows";
            default -> "";
        };
    }

    @Override
    public String operation() {
        return operation;
    }

    @Override
    public String subject() {
        return subject;
    }

    @Override
    public int errno() {
        return errno;
    }

    @Override
    public String symbol() {
        return symbol;
    }
}

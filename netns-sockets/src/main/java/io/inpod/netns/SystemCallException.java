package io.inpod.netns;

import java.io.IOException;

/**
 * A system call that failed: which, on what, and the kernel's errno as symbol and number, see errno(3).
 */
public class SystemCallException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The call. */
    private final String operation;
    /** What it was applied to. */
    private final String subject;
    /** The error number. */
    private final int errno;
    /** The error number's name. */
    private final String symbol;

    /**
     * Describes a failed system call.
     *
     * @param operation the call, such as {@code "setns"}
     * @param subject what it was applied to, for people
     * @param errno the error number, greater than 0
     * @param symbol the error's name, such as {@code "EPERM"}
     * @param explanation the error in words
     */
    public SystemCallException(String operation, String subject, int errno, String symbol, String explanation) {
        super(operation + " on " + subject + " failed: " + explanation + " (" + symbol + ", " + errno + ")" + advice(operation, symbol));
        this.operation = operation;
        this.subject = subject;
        this.errno = errno;
        this.symbol = symbol;
    }

    private static String advice(String operation, String symbol) {
        return switch (symbol) {
            case "EPERM" -> switch (operation) {
                case "setns", "unshare", "mount", "umount2" -> "; this needs CAP_SYS_ADMIN in the user namespace that owns the namespace"
                        + " (run as root, or everything inside `unshare -Ur`)";
                default -> "; this needs CAP_NET_ADMIN or CAP_NET_RAW in the user namespace that owns the network namespace";
            };
            case "EMFILE" -> "; this process has as many files open as RLIMIT_NOFILE allows (ulimit -n)";
            case "ENFILE" -> "; the system has as many files open as fs.file-max allows";
            default -> "";
        };
    }

    /** {@return the system call, such as {@code "setns"}} */
    public String operation() {
        return operation;
    }

    /** {@return what the call was applied to, for people} */
    public String subject() {
        return subject;
    }

    /** {@return the error number, greater than 0} */
    public int errno() {
        return errno;
    }

    /** {@return the error's name, such as {@code "EPERM"}, or {@code "errno"} when it has none} */
    public String symbol() {
        return symbol;
    }
}

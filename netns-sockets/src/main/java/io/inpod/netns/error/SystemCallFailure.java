package io.inpod.netns.error;

/**
 * The details of a failed system call. Every exception that reports one implements this interface, including the subclasses of the JDK's
 * exceptions (a {@link java.net.BindException}, a {@link java.nio.file.NoSuchFileException}, ...), which existing {@code catch} clauses
 * handle:
 *
 * <pre>{@code
 * try {
 *     socket.send(message, namespace.fd());
 * } catch (IOException e) {
 *     if (e instanceof SystemCallFailure failure && failure.symbol().equals("EPIPE")) { ... }
 * }
 * }</pre>
 *
 * <p>Implemented by exceptions only. Calls that open a file throw the exceptions of {@link java.nio.file}; calls that connect, bind or use
 * a socket throw those of {@link java.net}; all others throw {@link SystemCallException}.
 */
public interface SystemCallFailure {
    /** {@return the system call, such as {@code "setns"}, or the netlink request} */
    String operation();

    /** {@return what the call was applied to, in words} */
    String subject();

    /** {@return the error number, greater than 0, see errno(3)} */
    int errno();

    /** {@return the error's name, such as {@code "EPERM"}, or {@code "errno"} if it has none} */
    String symbol();

    /** {@return the failure in words: operation, subject, error and, where there is any, advice} */
    String getMessage();
}

package io.inpod.netns.error;

/**
 * What every exception carries that stands for a failed system call, also those that are subclasses of an exception of the JDK's
 * (a {@link java.net.BindException}, a {@link java.nio.file.NoSuchFileException}, ...) so that existing {@code catch} clauses work:
 *
 * <pre>{@code
 * try {
 *     socket.send(message, namespace.fd());
 * } catch (IOException e) {
 *     if (e instanceof SystemCallFailure failure && failure.symbol().equals("EPIPE")) { ... }
 * }
 * }</pre>
 *
 * <p>Implemented by exceptions only. Which exception stands for which errno: what opens a file throws the exceptions of
 * {@link java.nio.file}, what connects, binds or uses a socket those of {@link java.net}, anything else {@link SystemCallException}.
 */
public interface SystemCallFailure {
    /** {@return the system call, such as {@code "setns"}, or the netlink request} */
    String operation();

    /** {@return what the call was applied to, for people} */
    String subject();

    /** {@return the error number, greater than 0, see errno(3)} */
    int errno();

    /** {@return the error's name, such as {@code "EPERM"}, or {@code "errno"} when it has none} */
    String symbol();

    /** {@return the whole in words: operation, subject, error, and where there is some, advice} */
    String getMessage();
}

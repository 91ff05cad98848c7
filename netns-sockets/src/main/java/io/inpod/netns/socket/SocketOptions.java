package io.inpod.netns.socket;

import io.inpod.netns.OwnedFd;
import io.inpod.netns.error.SystemCallException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options of a socket, for every factory of this package. Immutable; each {@code with} method returns a changed copy:
 *
 * <pre>{@code
 * SocketOptions.NONE.with(MARK, 0x539).with(REUSE_PORT, true).withKeepalive(Duration.ofSeconds(180), Duration.ofSeconds(10), 3)
 * }</pre>
 *
 * <p>If the kernel refuses an option, the socket isn't created and the error names the option: an option is never skipped or only logged.
 * Connections that a listener accepts inherit its options, except {@link LinuxSocketOptions#PRIORITY} and those that Netty sets itself
 * ({@link LinuxSocketOptions#NO_DELAY}).
 *
 * @param family the family of the socket, INET or INET6; null for the system's default: IPv6 that also serves IPv4, or else IPv4
 * @param backlog for listeners: the number of connections that may wait to be accepted, at least 1 (the kernel's limit is
 *     {@code net.core.somaxconn}); 0 for the default
 * @param values the values of the kernel options to set, in the order in which they are set
 */
public record SocketOptions(@Nullable StandardProtocolFamily family, int backlog, Map<LinuxSocketOption<?>, Object> values) {
    /** No options: the system's defaults. */
    public static final SocketOptions NONE = new SocketOptions(null, 0, Map.of());

    /**
     * Checks the values.
     *
     * @param family see {@link SocketOptions}
     * @param backlog see {@link SocketOptions}
     * @param values see {@link SocketOptions}
     * @throws IllegalArgumentException naming the value that is out of range or of the wrong type, or the contradiction
     */
    public SocketOptions {
        if (backlog < 0) {
            throw new IllegalArgumentException("backlog must be at least 1, or 0 for the default, not " + backlog);
        }
        if (family == StandardProtocolFamily.UNIX) {
            throw new IllegalArgumentException("family must be INET or INET6, not UNIX");
        }
        values.forEach(LinuxSocketOption::check);
        if (family == StandardProtocolFamily.INET && values.containsKey(LinuxSocketOptions.DUAL_STACK)) {
            throw new IllegalArgumentException("an INET socket serves only IPv4: dual stack is for INET6");
        }
        Map<LinuxSocketOption<?>, Object> ordered = new LinkedHashMap<>(values);
        Object priority = ordered.remove(LinuxSocketOptions.PRIORITY);
        if (priority != null) {
            ordered.put(LinuxSocketOptions.PRIORITY, priority); // after TOS, which changes it
        }
        values = Collections.unmodifiableMap(ordered);
    }

    /**
     * Sets a kernel option.
     *
     * @param option the option, such as {@link LinuxSocketOptions#MARK}
     * @param value its value
     * @param <T> the type of its values
     * @return a copy with that value
     * @throws IllegalArgumentException if the value is out of range
     */
    public <T> SocketOptions with(LinuxSocketOption<T> option, T value) {
        Map<LinuxSocketOption<?>, Object> changed = new LinkedHashMap<>(values);
        changed.put(option, value);
        return new SocketOptions(family, backlog, changed);
    }

    /**
     * Leaves a kernel option at its default.
     *
     * @param option the option
     * @return a copy without it
     */
    public SocketOptions without(LinuxSocketOption<?> option) {
        Map<LinuxSocketOption<?>, Object> changed = new LinkedHashMap<>(values);
        changed.remove(option);
        return new SocketOptions(family, backlog, changed);
    }

    /**
     * Sets the address family.
     *
     * @param value INET or INET6; null for the system's default
     * @return a copy with that family
     */
    public SocketOptions withFamily(@Nullable StandardProtocolFamily value) {
        return new SocketOptions(value, backlog, values);
    }

    /**
     * Sets the number of connections that may wait to be accepted.
     *
     * @param value at least 1; 0 for the default
     * @return a copy with that backlog
     */
    public SocketOptions withBacklog(int value) {
        return new SocketOptions(family, value, values);
    }

    /**
     * Sets how vanished peers are detected: {@link LinuxSocketOptions#KEEPALIVE} and its three parameters.
     *
     * @param idle idle time before the first keepalive probe, 1 to 32767 whole seconds
     * @param interval time between keepalive probes, 1 to 32767 whole seconds
     * @param count number of unanswered keepalive probes that ends a connection, 1 to 127
     * @return a copy with these values
     * @throws IllegalArgumentException if one is out of range
     */
    public SocketOptions withKeepalive(Duration idle, Duration interval, int count) {
        return with(LinuxSocketOptions.KEEPALIVE, true)
                .with(LinuxSocketOptions.KEEPALIVE_IDLE, idle)
                .with(LinuxSocketOptions.KEEPALIVE_INTERVAL, interval)
                .with(LinuxSocketOptions.KEEPALIVE_COUNT, count);
    }

    /**
     * Returns the value of a kernel option.
     *
     * @param option the option to look up
     * @param <T> the type of its values
     * @return its value; null if it isn't set
     */
    public <T> @Nullable T get(LinuxSocketOption<T> option) {
        return option.type().cast(values.get(option));
    }

    /**
     * Sets all kernel options on an existing socket; family and backlog aren't among them.
     *
     * @param socket the socket
     * @throws SystemCallException naming the first option that the kernel refuses; the options before it stay set
     * @throws IOException if the socket is closed
     */
    public void apply(OwnedFd socket) throws IOException {
        int fd = socket.acquire();
        try {
            apply(fd, socket);
        } finally {
            socket.release();
        }
    }

    void apply(int fd, Object subject) throws IOException {
        new PreparedOptions(this, null).apply(fd, subject);
    }
}

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
 * What a socket is to be like, for every factory of this package. Immutable; each {@code with} makes a changed copy:
 *
 * <pre>{@code
 * SocketOptions.NONE.with(MARK, 0x539).with(REUSE_PORT, true).withKeepalive(Duration.ofSeconds(180), Duration.ofSeconds(10), 3)
 * }</pre>
 *
 * <p>An option that the kernel refuses makes the creation of the socket fail, naming it: it is never left out, nor logged instead.
 * Connections that a listener accepts inherit its options, except {@link LinuxSocketOptions#PRIORITY} and where Netty sets them
 * itself ({@link LinuxSocketOptions#NO_DELAY}).
 *
 * @param family of the socket, INET or INET6; null for what the system has: IPv6 that serves IPv4 too, or else IPv4
 * @param backlog for listeners: connections that may wait to be accepted, at least 1 (the kernel's limit is
 *     {@code net.core.somaxconn}); 0 for the default
 * @param values the values of those kernel options that are to be set, in the order of setting
 */
public record SocketOptions(@Nullable StandardProtocolFamily family, int backlog, Map<LinuxSocketOption<?>, Object> values) {
    /** Nothing set: the system's defaults. */
    public static final SocketOptions NONE = new SocketOptions(null, 0, Map.of());

    /**
     * Checks every value.
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
            throw new IllegalArgumentException("an INET socket serves IPv4 alone: dual stack is for INET6");
        }
        Map<LinuxSocketOption<?>, Object> ordered = new LinkedHashMap<>(values);
        Object priority = ordered.remove(LinuxSocketOptions.PRIORITY);
        if (priority != null) {
            ordered.put(LinuxSocketOptions.PRIORITY, priority); // after TOS, which changes it
        }
        values = Collections.unmodifiableMap(ordered);
    }

    /**
     * Sets an option of the kernel's.
     *
     * @param option which, such as {@link LinuxSocketOptions#MARK}
     * @param value what to
     * @param <T> the type of its values
     * @return options with that value, otherwise like these
     * @throws IllegalArgumentException if the value is out of range
     */
    public <T> SocketOptions with(LinuxSocketOption<T> option, T value) {
        Map<LinuxSocketOption<?>, Object> changed = new LinkedHashMap<>(values);
        changed.put(option, value);
        return new SocketOptions(family, backlog, changed);
    }

    /**
     * Leaves an option of the kernel's at its default.
     *
     * @param option which
     * @return options without it, otherwise like these
     */
    public SocketOptions without(LinuxSocketOption<?> option) {
        Map<LinuxSocketOption<?>, Object> changed = new LinkedHashMap<>(values);
        changed.remove(option);
        return new SocketOptions(family, backlog, changed);
    }

    /**
     * Sets the address family.
     *
     * @param value INET or INET6; null for what the system has
     * @return options with that family, otherwise like these
     */
    public SocketOptions withFamily(@Nullable StandardProtocolFamily value) {
        return new SocketOptions(value, backlog, values);
    }

    /**
     * Sets how many connections may wait to be accepted.
     *
     * @param value at least 1; 0 for the default
     * @return options with that backlog, otherwise like these
     */
    public SocketOptions withBacklog(int value) {
        return new SocketOptions(family, value, values);
    }

    /**
     * Sets how vanished peers are found: {@link LinuxSocketOptions#KEEPALIVE} and its three numbers.
     *
     * @param idle silence before the first probe, 1 to 32767 whole seconds
     * @param interval time between probes, 1 to 32767 whole seconds
     * @param count unanswered probes that end a connection, 1 to 127
     * @return options with these, otherwise like these
     * @throws IllegalArgumentException if one is out of range
     */
    public SocketOptions withKeepalive(Duration idle, Duration interval, int count) {
        return with(LinuxSocketOptions.KEEPALIVE, true)
                .with(LinuxSocketOptions.KEEPALIVE_IDLE, idle)
                .with(LinuxSocketOptions.KEEPALIVE_INTERVAL, interval)
                .with(LinuxSocketOptions.KEEPALIVE_COUNT, count);
    }

    /**
     * The value of an option of the kernel's.
     *
     * @param option which
     * @param <T> the type of its values
     * @return its value; null if it isn't set
     */
    public <T> @Nullable T get(LinuxSocketOption<T> option) {
        return option.type().cast(values.get(option));
    }

    /**
     * Sets all options of the kernel's on a socket that exists already; family and backlog are not among them.
     *
     * @param socket the socket
     * @throws SystemCallException naming the first option that the kernel refuses; those before it stay set
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

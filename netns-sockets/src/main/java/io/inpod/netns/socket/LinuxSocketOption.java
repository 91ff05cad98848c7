package io.inpod.netns.socket;

import io.inpod.netns.OwnedFd;
import io.inpod.netns.error.AlreadyClosedException;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketNumbers;
import io.netty.channel.Channel;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.NetworkChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A typed kernel option of a socket, for a bare descriptor, a Netty channel on epoll or io_uring, or a JDK channel. See setsockopt(2).
 * {@link LinuxSocketOptions} has the common ones.
 *
 * <p>Immutable. An option may be set or read on any thread, provided that no other thread closes the socket meanwhile (an {@link OwnedFd}
 * ensures that itself; for a Netty channel, its event loop does).
 *
 * @param <T> the type of its values
 */
public final class LinuxSocketOption<T> implements SocketOption<T> {
    private final String name;
    private final OptionFormat<T> format;
    private final List<Location> places;
    private final List<Location> placesOfIpv6;
    private final @Nullable Location readAt;

    /** The level and number of an option in the kernel. */
    record Location(int level, int number) {}

    /**
     * An option by its places in the kernel: it is set at all those of the socket's family.
     *
     * @param readAt where it is read; null for the first place of the socket's family
     */
    LinuxSocketOption(String name, OptionFormat<T> format, List<Location> places, List<Location> placesOfIpv6, @Nullable Location readAt) {
        this.name = name;
        this.format = format;
        this.places = places;
        this.placesOfIpv6 = placesOfIpv6;
        this.readAt = readAt;
    }

    LinuxSocketOption(String name, OptionFormat<T> format, List<Location> places, List<Location> placesOfIpv6) {
        this(name, format, places, placesOfIpv6, null);
    }

    LinuxSocketOption(String name, OptionFormat<T> format, int level, int number) {
        this(name, format, List.of(new Location(level, number)), List.of(new Location(level, number)));
    }

    /**
     * Returns an option whose value is a number, such as SO_BUSY_POLL.
     *
     * @param name its name in C, for messages
     * @param level its level, such as 1 for SOL_SOCKET
     * @param number its number on that level
     * @return the option
     */
    public static LinuxSocketOption<Integer> integer(String name, int level, int number) {
        return new LinuxSocketOption<>(name, OptionFormat.integer(Integer.MIN_VALUE, Integer.MAX_VALUE), level, number);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Class<T> type() {
        return format.type();
    }

    /**
     * Sets the option of a socket.
     *
     * @param socket the socket
     * @param value the new value
     * @throws IllegalArgumentException if the value is out of range
     * @throws SystemCallException if the kernel refuses
     * @throws IOException if the socket is closed
     */
    public void set(OwnedFd socket, T value) throws IOException {
        int fd = socket.acquire();
        try {
            set(fd, value, socket);
        } finally {
            socket.release();
        }
    }

    /**
     * Sets the option of a Netty channel.
     *
     * @param channel a channel on epoll or io_uring
     * @param value the new value
     * @throws IllegalArgumentException if the value is out of range or the channel has no descriptor (NIO, local, embedded)
     * @throws SystemCallException if the kernel refuses
     * @throws IOException if the channel is closed
     */
    public void set(Channel channel, T value) throws IOException {
        set(descriptor(channel), value, channel);
    }

    /**
     * Sets the option of a JDK channel.
     *
     * @param channel a socket, server socket or datagram channel
     * @param value the new value
     * @throws IllegalArgumentException if the value is out of range
     * @throws UnsupportedOperationException if the JVM doesn't open its channels to this library; the message names the flag that does
     * @throws SystemCallException if the kernel refuses
     * @throws IOException if the channel is closed
     */
    public void set(NetworkChannel channel, T value) throws IOException {
        set(JdkDescriptor.of(channel, name), value, channel);
    }

    /**
     * Reads the option of a socket.
     *
     * @param socket the socket
     * @return its value
     * @throws IOException if the socket is closed or has no such option
     */
    public T get(OwnedFd socket) throws IOException {
        int fd = socket.acquire();
        try {
            return get(fd, socket);
        } finally {
            socket.release();
        }
    }

    /**
     * Reads the option of a Netty channel.
     *
     * @param channel a channel on epoll or io_uring
     * @return its value
     * @throws IllegalArgumentException if the channel has no descriptor (NIO, local, embedded)
     * @throws IOException if the channel is closed or has no such option
     */
    public T get(Channel channel) throws IOException {
        return get(descriptor(channel), channel);
    }

    /**
     * Reads the option of a JDK channel.
     *
     * @param channel a socket, server socket or datagram channel
     * @return its value
     * @throws UnsupportedOperationException if the JVM doesn't open its channels to this library; the message names the flag that does
     * @throws IOException if the channel is closed or has no such option
     */
    public T get(NetworkChannel channel) throws IOException {
        return get(JdkDescriptor.of(channel, name), channel);
    }

    T check(Object value) {
        return format.check(name, value);
    }

    void set(int fd, Object value, Object subject) throws IOException {
        set(fd, dependsOnFamily() ? RawSocketOption.domain(fd, subject) : 0, encode(value), value, subject);
    }

    /** Checks and encodes a value. */
    ByteBuffer encode(Object value) {
        return format.encode(check(value));
    }

    boolean dependsOnFamily() {
        return !places.equals(placesOfIpv6);
    }

    /** Sets an encoded value. The domain is used only if {@link #dependsOnFamily()}. */
    void set(int fd, int domain, ByteBuffer encoded, Object value, Object subject) throws IOException {
        for (Location at : placesFor(domain)) {
            RawSocketOption.set(fd, at.level, at.number, encoded, name, value, subject);
        }
    }

    private T get(int fd, Object subject) throws IOException {
        Location at = readAt != null ? readAt : placesFor(dependsOnFamily() ? RawSocketOption.domain(fd, subject) : 0).get(0);
        return format.read().apply(RawSocketOption.get(fd, at.level, at.number, Native.buffer(format.bytes()), name, subject));
    }

    private List<Location> placesFor(int domain) {
        return domain == SocketNumbers.AF_INET6 ? placesOfIpv6 : places;
    }

    static int descriptor(Channel channel) throws AlreadyClosedException {
        if (!(channel instanceof UnixChannel unix)) {
            throw new IllegalArgumentException(channel + " has no file descriptor: only channels on epoll and io_uring do");
        }
        if (!unix.fd().isOpen()) {
            throw new AlreadyClosedException(channel.toString());
        }
        return unix.fd().intValue();
    }

    @Override
    public String toString() {
        return name;
    }
}

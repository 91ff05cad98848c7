package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.error.SystemCallException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * Channels of the JDK whose sockets live in another network namespace. Binding, connecting and all I/O happen wherever the caller
 * likes, on virtual threads too, but a channel must be made on a platform thread.
 *
 * <p>The JDK lets only some options through: address and port reuse, keepalive, no-delay and TOS, and of those on a listener just
 * the reuse. For all others the JVM must be started with {@code --add-opens java.base/sun.nio.ch=ALL-UNNAMED} (on the module path
 * {@code =io.inpod.netns}); without it, setting one fails with an {@link UnsupportedOperationException} that names the option and
 * the flag.
 */
public final class JdkChannels {
    static {
        // Classes, and the JDK's cleaner thread, must not be born inside a foreign namespace.
        try {
            ServerSocketChannel.open().close();
            SocketChannel.open().close();
            DatagramChannel.open().close();
        } catch (IOException e) {
            // Too many files open: the classes are loaded all the same, and the next call says it.
        }
    }

    private interface Opening<C> {
        C open() throws IOException;
    }

    private JdkChannels() {}

    /** {@return whether this JVM was started with the flag that lets every option of Linux be set} */
    public static boolean hasAllOptions() {
        return JdkDescriptor.isAvailable();
    }

    /**
     * A listening TCP socket.
     *
     * @param namespace where
     * @param options what it is to be like
     * @param address where to listen; port 0 for any
     * @return the listener, to be closed by the caller
     * @throws UnsupportedOperationException if an option needs a flag that the JVM wasn't started with
     * @throws SystemCallException naming an option that the kernel refuses
     * @throws IOException if the namespace is closed or can't be entered, or the address is taken
     */
    public static ServerSocketChannel listen(NetworkNamespace namespace, SocketOptions options, InetSocketAddress address) throws IOException {
        ServerSocketChannel listener = server(namespace, options.withBacklog(0));
        try {
            return listener.bind(address, options.backlog());
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw e;
        }
    }

    /**
     * A TCP socket that can be bound to listen.
     *
     * @param namespace where
     * @param options what it is to be like; without a backlog, which is a matter of binding
     * @return the socket, to be closed by the caller
     * @throws UnsupportedOperationException if an option needs a flag that the JVM wasn't started with
     * @throws SystemCallException naming an option that the kernel refuses
     * @throws IOException if the namespace is closed or can't be entered
     */
    public static ServerSocketChannel server(NetworkNamespace namespace, SocketOptions options) throws IOException {
        if (options.backlog() > 0) {
            throw new IllegalArgumentException("a backlog is given when binding: use listen(), or bind(address, backlog)");
        }
        StandardProtocolFamily family = options.family();
        return in(namespace, options, () -> family == null ? ServerSocketChannel.open() : ServerSocketChannel.open(family));
    }

    /**
     * A TCP socket that can connect.
     *
     * @param namespace where
     * @param options what it is to be like
     * @return the socket, to be closed by the caller
     * @throws UnsupportedOperationException if an option needs a flag that the JVM wasn't started with
     * @throws SystemCallException naming an option that the kernel refuses
     * @throws IOException if the namespace is closed or can't be entered
     */
    public static SocketChannel client(NetworkNamespace namespace, SocketOptions options) throws IOException {
        StandardProtocolFamily family = options.family();
        return in(namespace, options, () -> family == null ? SocketChannel.open() : SocketChannel.open(family));
    }

    /**
     * A UDP socket.
     *
     * @param namespace where
     * @param options what it is to be like
     * @return the socket, to be closed by the caller
     * @throws UnsupportedOperationException if an option needs a flag that the JVM wasn't started with
     * @throws SystemCallException naming an option that the kernel refuses
     * @throws IOException if the namespace is closed or can't be entered
     */
    public static DatagramChannel datagram(NetworkNamespace namespace, SocketOptions options) throws IOException {
        StandardProtocolFamily family = options.family();
        return in(namespace, options, () -> family == null ? DatagramChannel.open() : DatagramChannel.open(family));
    }

    private static <C extends NetworkChannel> C in(NetworkNamespace namespace, SocketOptions options, Opening<C> opening) throws IOException {
        C channel;
        try {
            channel = namespace.<C, IOException>call(opening::open);
        } catch (SocketException e) {
            throw new IOException("no socket in " + namespace + ": " + e.getMessage(), e);
        }
        try {
            JdkOptions.apply(options, channel, "a new socket in " + namespace);
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }
}

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
 * Creates JDK channels whose sockets live in another network namespace. A channel must be created on a platform thread; binding, connecting
 * and all I/O may happen on any thread, including virtual ones.
 *
 * <p>The JDK supports only some options: address and port reuse, keepalive, no-delay and TOS; on a listener only the reuse. All others
 * require that the JVM is started with {@code --add-opens java.base/sun.nio.ch=ALL-UNNAMED} (on the module path
 * {@code =io.inpod.netns}). Without it, setting one fails with an {@link UnsupportedOperationException} that names the option and the flag.
 */
public final class JdkChannels {
    static {
        // No class may be loaded, and the JDK's cleaner thread may not be started, inside a foreign namespace.
        try {
            ServerSocketChannel.open().close();
            SocketChannel.open().close();
            DatagramChannel.open().close();
        } catch (IOException e) {
            // Too many files open: the classes are loaded nevertheless, and the next call reports it.
        }
    }

    private interface Opening<C> {
        C open() throws IOException;
    }

    private JdkChannels() {}

    /** {@return whether this JVM was started with the flag that is needed to set every Linux option} */
    public static boolean hasAllOptions() {
        return JdkDescriptor.isAvailable();
    }

    /**
     * Creates a listening TCP socket.
     *
     * @param namespace the namespace of the socket
     * @param options its options
     * @param address the address to listen on; port 0 for any
     * @return the listener, to be closed by the caller
     * @throws UnsupportedOperationException if an option needs a flag that the JVM wasn't started with
     * @throws SystemCallException naming an option that the kernel refuses
     * @throws IOException if the namespace is closed or can't be entered, or the address is in use
     */
    public static ServerSocketChannel listen(NetworkNamespace namespace, SocketOptions options, InetSocketAddress address)
            throws IOException {
        ServerSocketChannel listener = server(namespace, options.withBacklog(0));
        try {
            return listener.bind(address, options.backlog());
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw e;
        }
    }

    /**
     * Creates a TCP socket that listens once it is bound.
     *
     * @param namespace the namespace of the socket
     * @param options its options, without a backlog: that is a parameter of binding
     * @return the socket, to be closed by the caller
     * @throws UnsupportedOperationException as {@link #listen}
     * @throws SystemCallException as {@link #listen}
     * @throws IOException if the namespace is closed or can't be entered
     */
    public static ServerSocketChannel server(NetworkNamespace namespace, SocketOptions options) throws IOException {
        if (options.backlog() > 0) {
            throw new IllegalArgumentException("the backlog is a parameter of binding: use listen(), or bind(address, backlog)");
        }
        StandardProtocolFamily family = options.family();
        return in(namespace, options, () -> family == null ? ServerSocketChannel.open() : ServerSocketChannel.open(family));
    }

    /**
     * Creates a TCP socket that can connect.
     *
     * @param namespace the namespace of the socket
     * @param options its options
     * @return the socket, to be closed by the caller
     * @throws UnsupportedOperationException as {@link #listen}
     * @throws SystemCallException as {@link #listen}
     * @throws IOException if the namespace is closed or can't be entered
     */
    public static SocketChannel client(NetworkNamespace namespace, SocketOptions options) throws IOException {
        StandardProtocolFamily family = options.family();
        return in(namespace, options, () -> family == null ? SocketChannel.open() : SocketChannel.open(family));
    }

    /**
     * Creates a UDP socket.
     *
     * @param namespace the namespace of the socket
     * @param options its options
     * @return the socket, to be closed by the caller
     * @throws UnsupportedOperationException as {@link #listen}
     * @throws SystemCallException as {@link #listen}
     * @throws IOException if the namespace is closed or can't be entered
     */
    public static DatagramChannel datagram(NetworkNamespace namespace, SocketOptions options) throws IOException {
        StandardProtocolFamily family = options.family();
        return in(namespace, options, () -> family == null ? DatagramChannel.open() : DatagramChannel.open(family));
    }

    private static <C extends NetworkChannel> C in(NetworkNamespace namespace, SocketOptions options, Opening<C> opening)
            throws IOException {
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

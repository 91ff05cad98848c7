package io.inpod.netns.socket;

import io.inpod.netns.NamespaceBody;
import io.inpod.netns.NamespaceExecutor;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.Proxy;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletionException;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;

/**
 * Creates {@linkplain SocketFactory factories} of the JDK's blocking sockets, {@link Socket} and {@link ServerSocket}, that live in another
 * network namespace. Many libraries accept such a factory: OkHttp, Apache HttpClient, JDBC drivers, LDAP.
 *
 * <p>The JDK makes the descriptor of such a socket only when the socket is connected or bound, in the namespace of the thread that does so.
 * These factories make it at once, in their own namespace. Connecting, binding and all I/O may then happen on any thread.
 *
 * <p>The factories are thread-safe. Their namespace must stay open while they are used; sockets live on without it. Their sockets connect
 * directly: the JVM's SOCKS proxy ({@code socksProxyHost}) is meant for the process's own namespace. They look up no names, because the JVM
 * would do so in its own namespace and keep the answer for every other one: a method that is given a name fails with
 * {@link java.net.UnknownHostException}.
 */
public final class JdkSockets {
    static {
        // No class may be loaded, and the JDK's cleaner thread may not be started, inside a foreign namespace.
        try {
            client().close();
            server().close();
        } catch (IOException e) {
            // Too many files open: the classes are loaded nevertheless, and the next call reports it.
        }
    }

    private JdkSockets() {}

    /**
     * Returns a factory of sockets that can connect, for platform threads.
     *
     * @param namespace the sockets' namespace
     * @return the factory; it fails with {@link IOException} if the namespace is closed or can't be entered, and with
     *     {@link IllegalStateException} on a virtual thread
     */
    public static SocketFactory client(NetworkNamespace namespace) {
        return new NamespaceSocketFactory(namespace, () -> namespace.<Socket, IOException>call(JdkSockets::client));
    }

    /**
     * Returns a factory of sockets that can connect, for all threads, including virtual ones.
     *
     * @param namespace the sockets' namespace
     * @param executor makes the descriptors; must stay open while the factory is used
     * @return the factory; it fails with {@link IOException} if the namespace is closed or can't be entered, or the executor is closed
     */
    public static SocketFactory client(NetworkNamespace namespace, NamespaceExecutor executor) {
        return new NamespaceSocketFactory(namespace, () -> through(executor, namespace, JdkSockets::client));
    }

    /**
     * Returns a factory of listening sockets, for platform threads.
     *
     * @param namespace the sockets' namespace
     * @return the factory; it fails as that of {@link #client(NetworkNamespace)} does
     */
    public static ServerSocketFactory server(NetworkNamespace namespace) {
        return new NamespaceServerSocketFactory(namespace, () -> namespace.<ServerSocket, IOException>call(JdkSockets::server));
    }

    /**
     * Returns a factory of listening sockets, for all threads, including virtual ones.
     *
     * @param namespace the sockets' namespace
     * @param executor makes the descriptors; must stay open while the factory is used
     * @return the factory; it fails as that of {@link #client(NetworkNamespace, NamespaceExecutor)} does
     */
    public static ServerSocketFactory server(NetworkNamespace namespace, NamespaceExecutor executor) {
        return new NamespaceServerSocketFactory(namespace, () -> through(executor, namespace, JdkSockets::server));
    }

    /** Opens a socket on a thread of an executor, and waits. */
    private static <S> S through(NamespaceExecutor executor, NetworkNamespace namespace, NamespaceBody<S, IOException> body)
            throws IOException {
        try {
            return executor.call(namespace, body).toCompletableFuture().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw e;
        }
    }

    private static Socket client() throws IOException {
        Socket socket = new Socket(Proxy.NO_PROXY);
        socket.getReuseAddress(); // the JDK makes the descriptor with the first option that is read or set
        return socket;
    }

    private static ServerSocket server() throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.getReuseAddress();
        return socket;
    }
}

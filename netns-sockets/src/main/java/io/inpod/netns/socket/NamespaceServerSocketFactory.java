package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import javax.net.ServerSocketFactory;
import org.jspecify.annotations.Nullable;

/** Makes each listener's descriptor before it returns or binds the listener. */
final class NamespaceServerSocketFactory extends ServerSocketFactory {
    private static final int DEFAULT_BACKLOG = 0;

    private final NetworkNamespace namespace;
    private final SocketOpening<ServerSocket> opening;

    NamespaceServerSocketFactory(NetworkNamespace namespace, SocketOpening<ServerSocket> opening) {
        this.namespace = namespace;
        this.opening = opening;
    }

    @Override
    public ServerSocket createServerSocket() throws IOException {
        return SocketOpening.in(namespace, opening);
    }

    @Override
    public ServerSocket createServerSocket(int port) throws IOException {
        return createServerSocket(port, DEFAULT_BACKLOG, null);
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog) throws IOException {
        return createServerSocket(port, backlog, null);
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog, @Nullable InetAddress address) throws IOException {
        InetSocketAddress local = new InetSocketAddress(address, port);
        ServerSocket socket = createServerSocket();
        try {
            socket.bind(local, backlog);
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    @Override
    public String toString() {
        return "listeners in " + namespace;
    }
}

package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import javax.net.ServerSocketFactory;
import org.jspecify.annotations.Nullable;

/** A factory of listeners in a namespace. */
final class NamespaceServerSocketFactory extends ServerSocketFactory {
    private static final int DEFAULT_BACKLOG = 0;

    private final NamespaceSockets<ServerSocket> sockets;

    NamespaceServerSocketFactory(NetworkNamespace namespace, NamespaceSockets.Opening<ServerSocket> opening) {
        sockets = new NamespaceSockets<>(namespace, opening);
    }

    @Override
    public ServerSocket createServerSocket() throws IOException {
        return sockets.open();
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
        return sockets.open(socket -> socket.bind(local, backlog));
    }

    @Override
    public String toString() {
        return "listeners in " + sockets.namespace();
    }
}

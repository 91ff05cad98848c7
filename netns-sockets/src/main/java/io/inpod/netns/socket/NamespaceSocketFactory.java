package io.inpod.netns.socket;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/** A factory of sockets that can connect, in a namespace. */
class NamespaceSocketFactory extends SocketFactory {
    private final NamespaceSockets<Socket> sockets;

    NamespaceSocketFactory(Object namespace, NamespaceSockets.Opening<Socket> opening) {
        sockets = new NamespaceSockets<>(namespace, opening);
    }

    @Override
    public Socket createSocket() throws IOException {
        return sockets.open();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(literal(host), port, null);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(literal(host), port, new InetSocketAddress(localHost, localPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(host, port, null);
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort) throws IOException {
        return connected(address, port, new InetSocketAddress(localAddress, localPort));
    }

    private Socket connected(InetAddress address, int port, @Nullable SocketAddress local) throws IOException {
        SocketAddress remote = new InetSocketAddress(address, port);
        return sockets.open(socket -> {
            if (local != null) {
                socket.bind(local);
            }
            socket.connect(remote);
        });
    }

    private InetAddress literal(String host) throws UnknownHostException {
        InetAddress address = NetUtil.createInetAddressFromIpAddressString(host);
        if (address == null) {
            throw new UnknownHostException(
                    host + " is a name, which the JVM would look up in its own namespace instead of " + sockets.namespace()
                            + ": look it up with a NamespaceResolver, and pass the address");
        }
        return address;
    }

    @Override
    public String toString() {
        return "sockets in " + sockets.namespace();
    }
}

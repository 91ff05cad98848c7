package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import javax.net.SocketFactory;

/**
 * A factory of sockets for libraries that create it themselves, from the name of this class and a text: PostgreSQL's JDBC driver with
 * {@code socketFactory=io.inpod.netns.socket.NamedSocketFactory&socketFactoryArg=NAME}. It opens the namespace for each socket and closes
 * it again. Otherwise it is like the factories of {@link JdkSockets#client(NetworkNamespace)}.
 */
public final class NamedSocketFactory extends SocketFactory {
    private final NamespaceSocketFactory factory;

    /**
     * Creates a factory. Whether there is such a namespace, it finds out with each socket.
     *
     * @param namespace a name as for {@link NetworkNamespace#named}, or a path with a {@code /} as for {@link NetworkNamespace#open}
     */
    public NamedSocketFactory(String namespace) {
        factory = new NamespaceSocketFactory("network namespace " + namespace, () -> {
            try (NetworkNamespace opened = open(namespace)) {
                return JdkSockets.client(opened).createSocket();
            }
        });
    }

    private static NetworkNamespace open(String namespace) throws IOException {
        return namespace.contains("/") ? NetworkNamespace.open(Path.of(namespace)) : NetworkNamespace.named(namespace);
    }

    @Override
    public Socket createSocket() throws IOException {
        return factory.createSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return factory.createSocket(host, port);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return factory.createSocket(host, port, localHost, localPort);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return factory.createSocket(host, port);
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort) throws IOException {
        return factory.createSocket(address, port, localAddress, localPort);
    }

    @Override
    public String toString() {
        return factory.toString();
    }
}

package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A factory of sockets for libraries that create it themselves, from the name of this class and a text: PostgreSQL's JDBC driver with
 * {@code socketFactory=io.inpod.netns.socket.NamedSocketFactory&socketFactoryArg=NAME}. It opens the namespace for each socket and closes
 * it again. Otherwise it is like the factories of {@link JdkSockets#client(NetworkNamespace)}.
 */
public final class NamedSocketFactory extends NamespaceSocketFactory {
    /**
     * Creates a factory. Whether there is such a namespace, it finds out with each socket.
     *
     * @param namespace a name as for {@link NetworkNamespace#named}, or a path with a {@code /} as for {@link NetworkNamespace#open}
     */
    public NamedSocketFactory(String namespace) {
        super("network namespace " + namespace, () -> {
            try (NetworkNamespace opened = open(namespace)) {
                return JdkSockets.client(opened).createSocket();
            }
        });
    }

    private static NetworkNamespace open(String namespace) throws IOException {
        return namespace.contains("/") ? NetworkNamespace.open(Path.of(namespace)) : NetworkNamespace.named(namespace);
    }
}

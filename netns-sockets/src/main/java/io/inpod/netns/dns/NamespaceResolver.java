package io.inpod.netns.dns;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.Transport;
import io.netty.channel.EventLoopGroup;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Objects;

/**
 * Looks names up in a network namespace: asks its name servers through sockets that live there, over UDP, and over TCP if an answer is too
 * long. Each resolver has a cache of its own, which no other namespace sees.
 *
 * <p>Asks for A and AAAA records, and returns IPv4 addresses first. {@code localhost} is the loopback address, see RFC 6761, section 6.3.
 *
 * <p>Thread-safe.
 */
public final class NamespaceResolver implements AutoCloseable {
    private final NetworkNamespace namespace;
    private final DnsConfig config;
    private final EventLoopGroup loops;
    private final AddressResolverGroup<InetSocketAddress> group;

    private NamespaceResolver(Transport transport, NetworkNamespace namespace, DnsConfig config, EventLoopGroup loops) {
        this.namespace = namespace;
        this.config = config;
        this.loops = loops;
        this.group = DnsGroup.of(transport, namespace, config);
    }

    /** It is an optional dependency; without this, its absence would be noticed later, as a NoClassDefFoundError. */
    private static void requireNettyResolverDns() {
        String name = "io.netty.resolver.dns.DnsAddressResolverGroup";
        try {
            Class.forName(name, false, NamespaceResolver.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            throw new UnsupportedOperationException(
                    "looking names up in a namespace needs Netty's resolver: add io.netty:netty-resolver-dns to"
                            + " the dependencies (io.inpod:inpod-bom manages its version), and on a module path --add-modules"
                            + " io.netty.resolver.dns; " + name + " wasn't found",
                    e);
        }
    }

    /**
     * Creates a resolver with sockets on epoll.
     *
     * @param namespace the namespace in which names are looked up; may be closed afterwards
     * @param config its name servers and hosts, see {@link DnsConfig#of(NetworkNamespace)}
     * @param loops event loops on epoll, which serve the sockets; not to be shut down before this resolver is closed
     * @return the resolver, to be closed by the caller
     * @throws IOException if the namespace is closed, or the process has too many files open
     * @throws UnsupportedOperationException if epoll can't be used here, or the optional dependency netty-resolver-dns is missing
     */
    public static NamespaceResolver open(NetworkNamespace namespace, DnsConfig config, EventLoopGroup loops) throws IOException {
        return open(namespace, config, loops, Transport.EPOLL);
    }

    /**
     * Creates a resolver with sockets on a transport.
     *
     * @param namespace as in the other method
     * @param config as in the other method
     * @param loops event loops of that transport
     * @param transport the kind of its sockets
     * @return the resolver, to be closed by the caller
     * @throws IOException as the other method
     * @throws UnsupportedOperationException if the transport can't be used here, or the dependency is missing
     */
    public static NamespaceResolver open(NetworkNamespace namespace, DnsConfig config, EventLoopGroup loops, Transport transport)
            throws IOException {
        requireNettyResolverDns();
        NetworkNamespace own = namespace.duplicate();
        try {
            return new NamespaceResolver(transport, own, config, loops);
        } catch (RuntimeException | Error e) {
            own.close();
            throw e;
        }
    }

    /**
     * Returns the resolver for Netty: {@code bootstrap.resolver(resolver.group())}. Event loops of the same transport may use it.
     *
     * @return the resolver; {@link #close} closes it
     */
    public AddressResolverGroup<InetSocketAddress> group() {
        return group;
    }

    /**
     * Looks a name up, and waits for the answer. If the calling thread is interrupted, it stops waiting and stays interrupted.
     *
     * @param name the name, or an address as text
     * @return its addresses, at least one
     * @throws UnknownHostException if there is no such name, or no server answers; the message names the namespace and the servers
     * @throws io.netty.util.concurrent.BlockingOperationException on one of the event loops, which would wait for itself
     */
    public List<InetAddress> lookUp(String name) throws UnknownHostException {
        Future<List<InetSocketAddress>> answer = group.getResolver(loops.next()).resolveAll(InetSocketAddress.createUnresolved(name, 0));
        try {
            answer.await();
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw failure(name, "interrupted", e);
        }
        if (!answer.isSuccess()) {
            throw failure(name, Objects.requireNonNullElse(answer.cause().getMessage(), "no answer"), answer.cause());
        }
        return answer.getNow().stream().map(InetSocketAddress::getAddress).toList();
    }

    private UnknownHostException failure(String name, String reason, Throwable cause) {
        UnknownHostException failure = new UnknownHostException(
                "no address of " + name + " in " + namespace + " from " + config.servers() + ": " + reason);
        failure.initCause(cause);
        return failure;
    }

    /** Closes the sockets. Look-ups that still wait fail. */
    @Override
    public void close() {
        group.close();
        namespace.close();
    }

    @Override
    public String toString() {
        return "names in " + namespace;
    }
}

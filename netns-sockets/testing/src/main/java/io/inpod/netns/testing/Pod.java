package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import io.inpod.netns.testing.fault.Endpoint;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pod: a network namespace with loopback, an interface {@code eth0} with an IPv4 and an IPv6 address, and default routes. Its
 * {@link PodNetwork} creates it, and owns it.
 *
 * <p>Thread-safe.
 */
public final class Pod implements Endpoint {
    private final String name;
    private final NetworkNamespace namespace;
    private final NetworkNamespace node;
    private final String link;
    private final Inet4Address address;
    private final @Nullable Inet6Address address6;
    private final PodProcesses processes;

    Pod(String name, NetworkNamespace namespace, NetworkNamespace node, String link, Inet4Address address, @Nullable Inet6Address address6,
            PodProcesses processes) {
        this.name = name;
        this.namespace = namespace;
        this.node = node;
        this.link = link;
        this.address = address;
        this.address6 = address6;
        this.processes = processes;
    }

    /** {@return its name, by which processes in other pods of the network find it} */
    @Override
    public String name() {
        return name;
    }

    /** {@return its network namespace, owned by the network} */
    @Override
    public NetworkNamespace namespace() {
        return namespace;
    }

    /** {@return the namespace of its node, owned by the network} */
    @Override
    public NetworkNamespace node() {
        return node;
    }

    /** {@return the name of its veth peer in the node} */
    @Override
    public String link() {
        return link;
    }

    /** {@return its IPv4 address} */
    public Inet4Address address() {
        return address;
    }

    /**
     * Returns its IPv6 address. On a machine without IPv6 it has none: the calling test is skipped then, or fails with {@code CI=true}.
     *
     * @return its IPv6 address
     */
    public Inet6Address address6() {
        if (address6 == null) {
            throw Missing.failure("no pod has an IPv6 address, because this machine's kernel has no IPv6: boot it without ipv6.disable=1",
                    null);
        }
        return address6;
    }

    /** Its addresses of all families that this machine has. */
    List<InetAddress> addresses() {
        return address6 == null ? List.of(address) : List.of(address, address6);
    }

    /**
     * Starts a program in this pod. It ends when the network is closed, and with this JVM, even if that is killed; so do the processes that
     * it starts.
     *
     * <p>The program finds the pods of the network by their names, in an {@code /etc/hosts} of its own, and its host name is that of the
     * pod. The environment variable {@code INPOD_POD}, with the pod's name, marks it and the processes that it starts. Its standard error
     * goes to its output. If a test fails, JUnit's report contains the end of that.
     *
     * @param command the program and its arguments
     * @return the program
     * @throws IOException if it can't be started, or the network is closed
     */
    public ChildProcess start(String... command) throws IOException {
        return start(new ProcessBuilder(command));
    }

    /**
     * Starts a program in this pod, as the other method does.
     *
     * @param builder the program, its working directory and its environment; its redirections have no effect
     * @return the program
     * @throws IOException if it can't be started, or the network is closed
     */
    public ChildProcess start(ProcessBuilder builder) throws IOException {
        return processes.start(this, builder);
    }

    /**
     * Starts a JVM in this pod, as {@link #start(String...)} does: the same Java as this one, with the same class path.
     *
     * @param main the class with the method {@code main}
     * @param arguments its arguments
     * @return the program
     * @throws IOException if it can't be started, or the network is closed
     */
    public ChildProcess startJava(Class<?> main, String... arguments) throws IOException {
        return start(JavaCommand.of(main, arguments));
    }

    /** {@return its name, namespace and address} */
    @Override
    public String toString() {
        return name + " (" + address.getHostAddress() + ", " + namespace.identity() + ")";
    }
}

package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps netlink sockets open during work that a thread does in one namespace: to open and close one takes more system calls than most
 * requests. Whatever opens one meanwhile, such as {@link Rtnetlink#open} or {@link Nfnetlink#open}, gets one that has been opened before
 * and is closed again, if there is one for the same protocol. Thread-safe; threads share nothing.
 *
 * <pre>{@code
 * NetlinkSockets.holding(namespace, () -> {
 *     redirection.install(namespace);
 *     redirection.verify(namespace);
 * });
 * }</pre>
 */
public final class NetlinkSockets {
    private static final ThreadLocal<@Nullable NetlinkSockets> HELD = new ThreadLocal<>();

    private final NetworkNamespace namespace;
    /** Those that nobody uses, by protocol. Only the thread that holds them touches them. */
    private final Map<Integer, KernelTransport> idle = new HashMap<>();
    private boolean over;

    private NetlinkSockets(NetworkNamespace namespace) {
        this.namespace = namespace;
    }

    /**
     * Work in one namespace.
     *
     * @param <E> the type of its failures
     */
    @FunctionalInterface
    public interface Work<E extends Exception> {
        /**
         * Does it.
         *
         * @throws E if it fails
         */
        void run() throws E;
    }

    /**
     * Does work on the calling thread, and closes the sockets when it has ended. Within it, the same call for the same namespace just does
     * its work; one for another namespace keeps that one's sockets until it ends.
     *
     * @param namespace the namespace whose sockets are kept
     * @param work the work
     * @param <E> the type of its failures
     * @throws E if the work fails
     */
    public static <E extends Exception> void holding(NetworkNamespace namespace, Work<E> work) throws E {
        NetlinkSockets outer = HELD.get();
        if (outer != null && outer.namespace.equals(namespace)) {
            work.run();
            return;
        }
        NetlinkSockets held = new NetlinkSockets(namespace);
        HELD.set(held);
        try {
            work.run();
        } finally {
            held.over = true;
            held.idle.values().forEach(KernelTransport::close);
            if (outer == null) {
                HELD.remove();
            } else {
                HELD.set(outer);
            }
        }
    }

    /** Opens a transport, or takes one that the calling thread holds and nobody uses. */
    static NetlinkTransport open(NetworkNamespace namespace, int protocol, int receiveBytes) throws IOException {
        NetlinkSockets held = HELD.get();
        if (held == null || !held.namespace.equals(namespace)) {
            return KernelTransport.open(namespace, protocol, receiveBytes);
        }
        KernelTransport idle = held.idle.remove(protocol);
        return new LentTransport(idle == null ? KernelTransport.open(namespace, protocol, receiveBytes) : idle,
                transport -> held.takeBack(protocol, transport));
    }

    /** Keeps a transport on which no answer is outstanding. */
    private void takeBack(int protocol, KernelTransport transport) {
        if (over || HELD.get() != this || idle.putIfAbsent(protocol, transport) != null) {
            transport.close();
        }
    }
}

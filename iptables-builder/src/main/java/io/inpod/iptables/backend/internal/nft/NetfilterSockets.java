package io.inpod.iptables.backend.internal.nft;

import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Opens netfilter sockets. Work that a thread does within {@link #holding} uses one socket: to open one takes more system calls than most
 * requests. Thread-safe; threads share nothing.
 */
public final class NetfilterSockets {
    private static final ThreadLocal<@Nullable Held> HELD = new ThreadLocal<>();

    private NetfilterSockets() {}

    /**
     * Work in one namespace.
     *
     * @param <T> the type of its result
     */
    @FunctionalInterface
    public interface Work<T> {
        /** Does it. */
        T run() throws IOException;
    }

    /**
     * What is done on a socket.
     *
     * @param <T> the type of its result
     */
    @FunctionalInterface
    public interface Use<T> {
        /** Does it, and doesn't keep the socket. */
        T on(Nfnetlink netlink) throws IOException;
    }

    /** One namespace's socket, from its first use on. */
    private static final class Held {
        private final NetworkNamespace namespace;
        private @Nullable Nfnetlink netlink;

        Held(NetworkNamespace namespace) {
            this.namespace = namespace;
        }

        <T> T use(Use<T> use) throws IOException {
            Nfnetlink open = netlink;
            if (open == null) {
                open = Nfnetlink.open(namespace);
                netlink = open;
            }
            boolean answered = false;
            try {
                T result = use.on(open);
                answered = true;
                return result;
            } catch (NetlinkException e) {
                answered = true; // the kernel refuses, and the socket is in order
                throw e;
            } finally {
                if (!answered) {
                    close();
                }
            }
        }

        void close() {
            if (netlink != null) {
                netlink.close();
                netlink = null;
            }
        }
    }

    /** Does work on the calling thread, during which {@link #with} uses one socket for this namespace. */
    public static <T> T holding(NetworkNamespace namespace, Work<T> work) throws IOException {
        Held outer = HELD.get();
        if (outer != null && outer.namespace.equals(namespace)) {
            return work.run();
        }
        Held held = new Held(namespace);
        HELD.set(held);
        try {
            return work.run();
        } finally {
            held.close();
            if (outer == null) {
                HELD.remove();
            } else {
                HELD.set(outer);
            }
        }
    }

    /** Uses the socket that the calling thread holds for this namespace, or else a new one. */
    public static <T> T with(NetworkNamespace namespace, Use<T> use) throws IOException {
        Held held = HELD.get();
        if (held != null && held.namespace.equals(namespace)) {
            return held.use(use);
        }
        try (Nfnetlink own = Nfnetlink.open(namespace)) {
            return use.on(own);
        }
    }
}

package io.inpod.examples.ztunnel.ports;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketHolders;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Searches for the processes that have ports of pods, for the log alone: a pod decides how long that takes, so nothing waits for it. A port
 * is searched once for the same sockets, and once a minute for others. Thread-safe; the methods don't block.
 */
public final class HolderSearch {
    /** Searches; blocks, see {@link SocketHolders#search}. */
    @FunctionalInterface
    public interface Search {
        /**
         * Finds processes.
         *
         * @param namespace the sockets' namespace; may be closed
         * @param inodes the sockets' inodes
         * @return the processes that were found
         */
        SocketHolders run(NetworkNamespace namespace, Set<Long> inodes);
    }

    static final Duration PAUSE = Duration.ofMinutes(1);
    static final int MOST_WAITING = 100;

    private static final Logger LOG = LoggerFactory.getLogger("proxy");
    private static final int MOST_REMEMBERED = 1000;

    private final Executor thread;
    private final Search search;
    private final LongSupplier nanoTime;
    private final Map<Port, Request> last = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Port, Request> eldest) {
            return size() > MOST_REMEMBERED;
        }
    };
    private int waiting;

    private record Port(NamespaceIdentity namespace, int number, boolean udp) {
    }

    private record Request(Set<Long> inodes, long nanoTime) {
    }

    /**
     * Creates a search without requests.
     *
     * @param thread runs one search at a time; its thread must have been started before the first switch into a pod's namespace
     * @param search searches
     * @param nanoTime the time, as of {@link System#nanoTime}
     */
    public HolderSearch(Executor thread, Search search, LongSupplier nanoTime) {
        this.thread = thread;
        this.search = search;
        this.nanoTime = nanoTime;
    }

    /**
     * Asks for the processes that have a port. If too many requests wait already, this one is dropped, and can be repeated.
     *
     * @param sockets the sockets that are bound to that port, of which the first {@value PortHolders#MOST} are searched
     */
    void request(NetworkNamespace namespace, int port, List<PortSocket> sockets) {
        List<PortSocket> first = sockets.stream().limit(PortHolders.MOST).toList();
        Set<Long> inodes = first.stream().map(PortSocket::inode).collect(Collectors.toSet());
        if (isDue(new Port(namespace.identity(), port, first.stream().anyMatch(PortSocket::udp)), inodes)) {
            thread.execute(() -> {
                try {
                    report(namespace, first, search.run(namespace, inodes));
                } finally {
                    done();
                }
            });
        }
    }

    private synchronized boolean isDue(Port port, Set<Long> inodes) {
        Request earlier = last.get(port);
        long now = nanoTime.getAsLong();
        boolean due = waiting < MOST_WAITING
                && (earlier == null || !earlier.inodes().equals(inodes) && now - earlier.nanoTime() >= PAUSE.toNanos());
        if (due) {
            waiting++;
            last.put(port, new Request(inodes, now));
        }
        return due;
    }

    private synchronized void done() {
        waiting--;
    }

    private static void report(NetworkNamespace namespace, List<PortSocket> sockets, SocketHolders found) {
        for (PortSocket socket : sockets) {
            LOG.warn("a port of the proxy in {} is held by {}{}", namespace, socket,
                    PortHolders.processes(socket, found));
        }
    }
}

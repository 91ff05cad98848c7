package io.inpod.tproxy.listen;

import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.DestinationAddress;
import io.inpod.tproxy.PathCheck;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A proxy's listeners as the first step of a {@link io.inpod.tproxy.Redirection}: an {@link AcceptLoop} for each address, all of them or
 * none. They belong to this process and end with it; there is nothing that another process could remove.
 *
 * <p>Thread-safe. The methods block and must not be called on an event loop.
 */
public final class Listeners implements NamespaceChange {
    private final EventLoop loop;
    private final SocketOptions sockets;
    private final AcceptRules rules;
    private final CheckArrivals arrivals;
    private final List<InetSocketAddress> addresses;
    private final Map<NetworkNamespace, List<AcceptLoop>> installed = new ConcurrentHashMap<>();

    /**
     * Describes listeners without opening them. The parameters are those of {@link AcceptLoop#listen}.
     *
     * @param loop accepts
     * @param sockets options of the listeners
     * @param rules which connections are refused
     * @param handler serves the accepted connections
     * @param addresses the addresses and ports to listen on, at least one
     */
    public Listeners(EventLoop loop, SocketOptions sockets, AcceptRules rules, AcceptHandler handler, InetSocketAddress... addresses) {
        this.loop = loop;
        this.sockets = sockets;
        this.rules = rules;
        this.arrivals = new CheckArrivals(handler);
        this.addresses = List.of(addresses);
        if (addresses.length == 0) {
            throw new IllegalArgumentException("no address to listen on");
        }
    }

    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        List<AcceptLoop> before = installed.get(namespace);
        if (before != null && before.stream().allMatch(Listeners::open)) {
            return;
        }
        remove(namespace);
        NetworkNamespace kept = namespace.duplicate(); // the caller may close the one that it passed
        List<AcceptLoop> opened = new ArrayList<>();
        try {
            for (InetSocketAddress address : addresses) {
                opened.add(AcceptLoop.listen(kept, address, sockets, loop, rules, arrivals));
            }
        } catch (IOException | RuntimeException e) {
            opened.forEach(AcceptLoop::close);
            kept.close();
            throw e;
        }
        opened.get(0).channel().closeFuture().addListener(closed -> kept.close());
        installed.put(kept, List.copyOf(opened));
    }

    private static boolean open(AcceptLoop listener) {
        return listener.channel().isOpen();
    }

    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        List<AcceptLoop> listeners = installed.getOrDefault(namespace, List.of());
        if (listeners.isEmpty()) {
            throw new IOException("nothing listens on " + addresses + " in " + namespace);
        }
        for (AcceptLoop listener : listeners) {
            if (!open(listener)) {
                throw new IOException("a " + listener + " has been closed");
            }
        }
    }

    @Override
    public void remove(NetworkNamespace namespace) {
        List<AcceptLoop> listeners = installed.remove(namespace);
        if (listeners != null) {
            listeners.forEach(AcceptLoop::close);
        }
    }

    /**
     * Returns a check that opens a connection, which must arrive at one of these listeners with its original destination. The connection
     * carries no data, and the handler doesn't see it.
     *
     * @param from the namespace from which to connect: the redirected one itself to check outbound connections, another one to check
     *     inbound connections; must stay open while the check is used
     * @param destination an address and port that the rules redirect; no server needs to listen there
     * @param limit how long the check may take
     * @return the check, for {@link io.inpod.tproxy.Redirection#withChecks}
     */
    public PathCheck pathCheck(NetworkNamespace from, DestinationAddress destination, Duration limit) {
        return new CheckConnection(loop, arrivals, from, destination, limit);
    }

    @Override
    public String toString() {
        return "listeners on " + addresses;
    }
}

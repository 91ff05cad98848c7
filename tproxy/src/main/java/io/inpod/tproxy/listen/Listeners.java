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
 * A proxy's listeners as the first step of a {@link io.inpod.tproxy.Redirection}: an {@link AcceptLoop} for each address, all of them or none. They
 * belong to this process and end with it; for another process there is nothing to remove.
 *
 * <p>Thread-safe, but blocks, so not on an event loop.
 */
public final class Listeners implements NamespaceChange {
    private final EventLoop loop;
    private final SocketOptions sockets;
    private final AcceptRules rules;
    private final CheckArrivals arrivals;
    private final List<InetSocketAddress> addresses;
    private final Map<NetworkNamespace, List<AcceptLoop>> installed = new ConcurrentHashMap<>();

    /**
     * Describes listeners; opens nothing yet.
     *
     * @param loop accepts
     * @param sockets options of the listeners, see {@link AcceptLoop#listen}
     * @param rules what is refused
     * @param handler serves what is accepted
     * @param addresses where to listen, at least one, each with a port
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
        NetworkNamespace kept = namespace.duplicate(); // the caller may close its own
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
     * A connection that must arrive at one of these listeners with the destination it was made to. It carries no data, and the handler
     * doesn't see it.
     *
     * @param from where it is made: the redirected namespace itself for what its own programs send, another one for what arrives from
     *     outside; must stay open as long as the probe is used
     * @param destination an address and port that the rules redirect; nobody has to serve it
     * @param limit how long it may take
     * @return the probe, for {@link io.inpod.tproxy.Redirection#withChecks}
     */
    public PathCheck pathCheck(NetworkNamespace from, DestinationAddress destination, Duration limit) {
        return new CheckConnection(loop, arrivals, from, destination, limit);
    }

    @Override
    public String toString() {
        return "listeners on " + addresses;
    }
}

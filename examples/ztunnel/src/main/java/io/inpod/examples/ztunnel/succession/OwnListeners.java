package io.inpod.examples.ztunnel.succession;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.socket.PassedListener;
import io.inpod.tproxy.listen.AcceptLoop;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The listeners of this process that a successor may take over. Thread-safe. */
public final class OwnListeners {
    private final Map<Place, Duplication> open = new ConcurrentHashMap<>();
    private final Set<Place> passed = ConcurrentHashMap.newKeySet();

    private record Place(NamespaceIdentity namespace, String kind, int port) {
        static Place of(NamespaceIdentity namespace, InetSocketAddress local) {
            return new Place(namespace, Request.listener(local), local.getPort());
        }
    }

    @FunctionalInterface
    private interface Duplication {
        OwnedFd run() throws IOException;
    }

    /** Creates an empty collection. */
    public OwnListeners() {}

    /**
     * Offers a listener to successors until it is closed.
     *
     * @param namespace its namespace
     * @param listener the listener
     */
    public void add(NetworkNamespace namespace, AcceptLoop listener) {
        Place place = Place.of(namespace.identity(), listener.localAddress());
        add(place, listener.channel(), listener::duplicate);
    }

    /**
     * Offers a UDP socket to successors until it is closed.
     *
     * @param namespace its namespace
     * @param local its address and port
     * @param socket the socket
     */
    public void add(NetworkNamespace namespace, InetSocketAddress local, Channel socket) {
        add(new Place(namespace.identity(), Request.datagrams(local), local.getPort()), socket, () -> {
            Future<OwnedFd> duplicate = socket.eventLoop().submit(() -> PassedListener.duplicate(socket)).awaitUninterruptibly();
            if (!duplicate.isSuccess()) {
                throw new IOException("can't duplicate " + socket + ": " + duplicate.cause().getMessage(), duplicate.cause());
            }
            return duplicate.getNow();
        });
    }

    private void add(Place place, Channel channel, Duplication duplication) {
        passed.remove(place);
        open.put(place, duplication);
        channel.closeFuture().addListener(closed -> open.remove(place, duplication));
    }

    /**
     * Returns whether a successor has taken a listener over, so that closing it here doesn't affect any client.
     *
     * @param namespace its namespace
     * @param listener the listener
     * @return whether its descriptor was passed on
     */
    public boolean isPassed(NetworkNamespace namespace, AcceptLoop listener) {
        return passed.contains(Place.of(namespace.identity(), listener.localAddress()));
    }

    /** Returns a descriptor to pass on, to be closed by the caller; null if this process has no such socket. */
    @Nullable
    OwnedFd duplicate(NamespaceIdentity namespace, String kind, int port) throws IOException {
        Duplication duplication = open.get(new Place(namespace, kind, port));
        return duplication == null ? null : duplication.run();
    }

    void notePassed(NamespaceIdentity namespace, String kind, int port) {
        passed.add(new Place(namespace, kind, port));
    }
}

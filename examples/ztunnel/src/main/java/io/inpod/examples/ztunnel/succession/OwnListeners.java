package io.inpod.examples.ztunnel.succession;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.tproxy.listen.AcceptLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The listeners of this process that a successor may take over. Thread-safe. */
public final class OwnListeners {
    private final Map<Place, AcceptLoop> open = new ConcurrentHashMap<>();
    private final Set<Place> passed = ConcurrentHashMap.newKeySet();

    private record Place(NamespaceIdentity namespace, String address, int port) {
        static Place of(NamespaceIdentity namespace, InetSocketAddress local) {
            return new Place(namespace, Request.address(local), local.getPort());
        }
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
        passed.remove(place);
        open.put(place, listener);
        listener.channel().closeFuture().addListener(closed -> open.remove(place, listener));
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

    /** Returns a descriptor to pass on, to be closed by the caller; null if this process doesn't listen there. */
    @Nullable
    OwnedFd duplicate(NamespaceIdentity namespace, String address, int port) throws IOException {
        AcceptLoop listener = open.get(new Place(namespace, address, port));
        return listener == null ? null : listener.duplicate();
    }

    void notePassed(NamespaceIdentity namespace, String address, int port) {
        passed.add(new Place(namespace, address, port));
    }
}

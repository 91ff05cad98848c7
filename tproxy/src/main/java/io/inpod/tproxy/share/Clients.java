package io.inpod.tproxy.share;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The clients of a pod, or of anything that has {@link Holdings}, by address. All connections of one address have one share. IPv6 addresses
 * of the same /64 prefix have one share together, and within it a share each: a single host usually can have all addresses of a prefix.
 *
 * <p>A client is remembered while it has connections. Thread-safe; costs two or three look-ups in a map per connection.
 */
public final class Clients {
    private final Holdings whole;
    private final ConcurrentHashMap<Object, Client> clients = new ConcurrentHashMap<>();

    private record Prefix(long bits) {}

    private static final class Client {
        final Holdings holdings;
        int users; // changed within the map's compute() only

        Client(Holdings holdings) {
            this.holdings = holdings;
        }
    }

    /**
     * Creates an empty set.
     *
     * @param whole what all these clients hold together
     */
    public Clients(Holdings whole) {
        this.whole = whole;
    }

    /** {@return what all these clients hold together} */
    public Holdings whole() {
        return whole;
    }

    /** {@return the number of addresses and prefixes that have connections} */
    public int size() {
        return clients.size();
    }

    /**
     * Admits a connection, which counts as one socket.
     *
     * @param address the client's address, not an IPv4-mapped one
     * @return to be closed when the connection is closed; null if the client has no room for another socket
     */
    public @Nullable Admission admit(InetAddress address) {
        Object prefix = prefix(address);
        Holdings above = prefix == null ? whole : enter(prefix, whole);
        Holdings holdings = enter(address, above);
        if (holdings.sockets().tryTake(1)) {
            return new Admission(this, address, prefix == null ? holdings : above, holdings);
        }
        leave(address, prefix);
        return null;
    }

    private Holdings enter(Object key, Holdings above) {
        return Objects.requireNonNull(clients.compute(key, (k, known) -> {
            Client client = known == null ? new Client(above.part()) : known;
            client.users++;
            return client;
        })).holdings;
    }

    void leave(InetAddress address) {
        leave(address, prefix(address));
    }

    /** The prefix is left last, so an address that is known always counts in the same prefix. */
    private void leave(InetAddress address, @Nullable Object prefix) {
        leave((Object) address);
        if (prefix != null) {
            leave(prefix);
        }
    }

    private void leave(Object key) {
        clients.computeIfPresent(key, (k, client) -> --client.users == 0 ? null : client);
    }

    /**
     * Returns what all addresses have in common that have one share together.
     *
     * @param address a client's address, not an IPv4-mapped one
     * @return the address itself; for an IPv6 address, the first of its /64 prefix
     */
    public static InetAddress group(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return address;
        }
        try {
            return InetAddress.getByAddress(ByteBuffer.wrap(address.getAddress()).putLong(Long.BYTES, 0).array());
        } catch (UnknownHostException e) {
            throw new AssertionError("16 bytes are an address", e);
        }
    }

    /** Returns what stands for the prefix of an IPv6 address; null for an IPv4 address, which has a share of its own. */
    static @Nullable Object prefix(InetAddress address) {
        return address instanceof Inet6Address ? new Prefix(ByteBuffer.wrap(address.getAddress()).getLong()) : null;
    }
}

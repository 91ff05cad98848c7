package io.inpod.tproxy.share;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.net.InetAddress;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** An accepted connection's part in what its client holds. Closing it gives the socket back; further calls do nothing. Thread-safe. */
public final class Admission implements AutoCloseable {
    private static final AttributeKey<Admission> KEY = AttributeKey.valueOf(Admission.class, "admission");

    private final Clients clients;
    private final InetAddress client;
    private final Holdings group;
    private final Holdings holdings;
    private final AtomicBoolean closed = new AtomicBoolean();

    Admission(Clients clients, InetAddress client, Holdings group, Holdings holdings) {
        this.clients = clients;
        this.client = client;
        this.group = group;
        this.holdings = holdings;
    }

    /**
     * Returns a channel's admission.
     *
     * @param connection a connection that an {@link io.inpod.tproxy.listen.AcceptLoop} has accepted
     * @return its admission; null if the listener doesn't bound its clients
     */
    public static @Nullable Admission of(Channel connection) {
        return connection.attr(KEY).get();
    }

    /**
     * Attaches this admission to a channel, for {@link #of}. It isn't closed with the channel.
     *
     * @param connection the channel
     */
    public void attachTo(Channel connection) {
        connection.attr(KEY).set(this);
    }

    /** {@return the client's address} */
    public InetAddress client() {
        return client;
    }

    /** {@return what the client holds together with all clients of its {@linkplain Clients#group group}} */
    public Holdings group() {
        return group;
    }

    /** {@return what the client holds; to be used for this connection's buffers and for the sockets that it causes} */
    public Holdings holdings() {
        return holdings;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            holdings.sockets().giveBack(1);
            clients.leave(client);
        }
    }
}

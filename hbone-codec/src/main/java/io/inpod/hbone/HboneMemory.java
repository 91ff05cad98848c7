package io.inpod.hbone;

import io.netty.channel.Channel;

/**
 * Bounds the bytes that peers have sent and tunnels haven't read, over any number of connections. {@link HboneWindows} bounds them for each
 * connection; that alone bounds nothing if there are many.
 *
 * <p>While an account is exhausted, its connections are read only if they hold less than 64 KiB themselves. What their peers send stays in
 * the sockets, and stops all tunnels of such a connection, since it also holds back frames; PINGs aren't answered meanwhile, and our own
 * aren't missed. A connection continues when its tunnels have been read or the account has room again.
 */
@FunctionalInterface
public interface HboneMemory {
    /** No bound but that of each connection. */
    HboneMemory UNBOUNDED = connection -> Account.UNBOUNDED;

    /**
     * Returns the account of a connection, for example one for all connections of the same peer. Called once per connection, on its event
     * loop.
     *
     * @param connection the TCP channel
     * @return its account
     */
    Account of(Channel connection);

    /** Counts unread bytes. Called on the event loops of all its connections; must not block. */
    interface Account {
        /** Counts nothing and is never exhausted. */
        Account UNBOUNDED = new Account() {
            @Override
            public void changed(long bytes) {}

            @Override
            public boolean isExhausted() {
                return false;
            }
        };

        /**
         * A connection holds more or fewer unread bytes than before. Not called for each frame: up to 16 KiB per connection are not
         * counted.
         *
         * @param bytes how many more, negative if fewer
         */
        void changed(long bytes);

        /** {@return whether connections must stop reading} */
        boolean isExhausted();
    }
}

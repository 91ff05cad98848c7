package io.inpod.hbone;

import io.netty.channel.Channel;

/**
 * Bounds, over any number of connections, the bytes that peers have sent and tunnels haven't read, and those that tunnels have written and
 * peers don't receive. {@link HboneWindows} bounds the former for each connection, and each connection stops its tunnels at 512 KiB of the
 * latter; that alone bounds nothing if there are many.
 *
 * <p>While an account is exhausted, each of its connections may still hold {@link Account#least()} bytes in each direction. If it holds
 * more unread bytes, it isn't read. What its peer sends stays in the socket, and stops all tunnels of that connection, since it also holds
 * back frames. Every second a little is read nevertheless, {@link Account#least()} bytes at most until the connection continues, as the
 * reason why tunnels aren't read may be a frame that waits in the socket. PINGs are answered late, and our own aren't missed. The
 * connection continues when its tunnels have been read or the account has room again.
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

    /** Counts bytes. Called on the event loops of all its connections; must not block. */
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
         * A connection holds more or fewer bytes than before. Not called for each frame: up to 16 KiB per connection and direction, or half
         * of {@link #least()} if that is less, are not counted.
         *
         * @param bytes how many more, negative if fewer
         */
        void changed(long bytes);

        /** {@return whether connections must hold no more than {@link #least()}} */
        boolean isExhausted();

        /**
         * Returns how many bytes a connection may hold in each direction although the account is exhausted. Called once per connection.
         *
         * @return at least 1024; less than 16 KiB slows connections down, as that is the size of a TLS record
         */
        default int least() {
            return 64 << 10;
        }
    }
}
